"""Gradients that are zero (a dead unit) move nothing, rightly."""

import torch

weight = torch.nn.Parameter(torch.full((4,), -1.0))
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(12):
    optimizer.zero_grad()
    weight.relu().sum().backward()
    optimizer.step()
