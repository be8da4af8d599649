"""A block that lost its shortcut in a rewrite, three times in a network."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=1)
        self.shortcut = nn.Conv1d(width, width, 1)  # expect[live]: unused-parameter

    def forward(self, x):
        return torch.relu(self.conv(x)) + x


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(2) for _ in range(3)])
        self.out = nn.Linear(2, 1)

    def forward(self, x):
        return self.out(self.blocks(x).mean(-1))


network = Network()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
for _ in range(6):
    optimizer.zero_grad(set_to_none=True)
    network(torch.randn(2, 2, 4)).square().mean().backward()
    optimizer.step()
