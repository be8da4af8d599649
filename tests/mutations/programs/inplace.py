"""Activations between two layers."""

import torch
from torch import nn

first, second = nn.Linear(4, 8), nn.Linear(8, 1)
optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
for step in range(5):
    hidden = first(torch.randn(4, 4)).sigmoid()
    scaled = hidden * 2  # mutate: scaled = hidden.mul_(2) -> inplace-modified at here
    loss = second(scaled).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
