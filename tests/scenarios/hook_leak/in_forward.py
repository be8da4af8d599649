"""A module registers a hook on its own weight each time it runs."""

import torch
from torch import nn


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 3))
        self.mask = torch.eye(3)

    def forward(self, x):
        if self.training:
            self.weight.register_hook(lambda grad: grad * self.mask)  # expect: hook-leak
        return x @ self.weight


model = nn.Sequential(Masked(), nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for _ in range(5):
    optimizer.zero_grad(set_to_none=True)
    model(torch.ones(2, 3)).mean().backward()
    optimizer.step()
