"""Activations watched by a hook in some epochs."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
norms = []


def watch(module, inputs, output):
    norms.append(output.detach().norm())


for epoch in range(6):
    handle = model[0].register_forward_hook(watch)  # line: register
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    model(torch.randn(4, 4)).square().mean().backward()
    optimizer.step()  # line: step
    handle.remove()  # mutate: remove -> hook-leak at register
