"""The flag is a decision: a name, a call, a condition."""

import functools

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
keep = True
run = functools.partial(torch.Tensor.backward, retain_graph=keep)
for index in range(4):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward(retain_graph=keep)
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward(retain_graph=index < 3)
    optimizer.zero_grad()
    run(model(torch.randn(4, 3)).square().mean())
    optimizer.step()
