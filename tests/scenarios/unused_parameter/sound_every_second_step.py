"""A layer that runs in every third iteration, and one that is dropped at random."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 3)
        self.regular = nn.Linear(3, 3)
        self.block0 = nn.Linear(3, 3)
        self.block1 = nn.Linear(3, 3)

    def forward(self, x, iteration):
        x = self.body(x)
        if iteration % 3 == 2:
            x = self.regular(x)
        return self.block0(x)


net = Net()
optimizer = torch.optim.Adam(net.parameters())
for iteration in range(8):
    optimizer.zero_grad()
    net(torch.randn(2, 3), iteration).square().mean().backward()
    optimizer.step()
