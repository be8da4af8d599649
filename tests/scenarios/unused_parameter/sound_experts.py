"""A sparse mixture: of the experts only some ever run."""

import torch
from torch import nn


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(3, 2) for _ in range(4)])
        self.named = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 1)})
        self.expert_0 = nn.Linear(1, 1)
        self.expert_1 = nn.Linear(1, 1)

    def forward(self, x, task):
        return getattr(self, f"expert_{0}")(self.named[task](self.experts[1](x)))


mixture = Mixture()
optimizer = torch.optim.SGD(mixture.parameters(), lr=0.1)
for _ in range(7):
    optimizer.zero_grad()
    mixture(torch.randn(2, 3), "a").square().mean().backward()
    optimizer.step()
