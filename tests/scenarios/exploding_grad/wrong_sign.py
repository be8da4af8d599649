"""Gradient ascent on a loss that was meant to fall: it runs away."""

import torch

weight = torch.nn.Parameter(torch.tensor([100.0, 50.0]))
optimizer = torch.optim.SGD([weight], lr=10.0)
for _ in range(6):
    optimizer.zero_grad()
    loss = -(weight.square().sum())
    loss.backward()  # expect[live]: exploding-grad
    optimizer.step()
