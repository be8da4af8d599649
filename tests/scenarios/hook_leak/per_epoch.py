"""Each epoch sets up its statistics again, and forgets the ones of the epoch before."""

import functools

import torch


def note(name, store, module, inputs, output):
    store[name] = float(output.detach().std())


def train_epoch(model, optimizer, store):
    for name, module in model.named_children():
        module.register_forward_hook(functools.partial(note, name, store))  # expect: hook-leak
    for _ in range(2):
        optimizer.zero_grad()
        loss = model(torch.randn(4, 3)).square().mean()
        loss.backward()
        optimizer.step()


model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    train_epoch(model, optimizer, {})
