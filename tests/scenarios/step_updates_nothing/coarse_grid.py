"""Weights live on a grid that is coarser than what a step moves them by."""

import torch
from torch import nn


class OnAGrid(torch.optim.Optimizer):
    """Rounds each update to tenths."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.add_(parameter.grad, alpha=-group["lr"])
                    parameter.copy_((parameter * 10).round() / 10)


model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_((parameter * 10).round() / 10)
optimizer = OnAGrid(model.parameters(), lr=0.001)
for epoch in range(12):
    optimizer.zero_grad()
    (model(torch.randn(8, 4)) - 1).square().mean().backward()
    optimizer.step()  # expect[live]: step-updates-nothing
