"""Layers kept in a list of the module."""

import torch
from torch import nn


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])  # mutate: self.blocks = [nn.Linear(4, 4) for _ in range(2)] -> param-not-in-optimizer at optimizer
        self.last = nn.Linear(4, 1)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x).relu()
        return self.last(x)


model = Deep()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)  # line: optimizer
for step in range(6):
    optimizer.zero_grad()
    model(torch.randn(4, 4)).square().mean().backward()
    optimizer.step()
