"""Inputs that require gradients, a learned starting point that stays, and a hidden reference to a held model."""

import torch
from torch import nn


class Wrapper(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.scale = nn.Linear(3, 1)
        self.hidden = [inner]

    def forward(self, x):
        return self.scale(self.hidden[0](x))


inner = nn.Linear(3, 3)
wrapper = Wrapper(inner)
optimizer = torch.optim.SGD([*wrapper.parameters(), *inner.parameters()], lr=0.1)
data = torch.ones(4, 3)
for _ in range(6):
    x = data.clone().requires_grad_()
    start = torch.zeros(3, requires_grad=True)
    optimizer.zero_grad()
    wrapper(x + start).square().mean().backward()
    optimizer.step()
