"""A layer for later use that no optimizer holds."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 3)
        self.export = nn.Linear(3, 1)
        self.frozen = nn.Linear(3, 1).requires_grad_(False)

    def forward(self, x):
        return self.body(x)


net = Net()
optimizer = torch.optim.SGD(net.body.parameters(), lr=0.1)
for _ in range(6):
    optimizer.zero_grad()
    net(torch.randn(2, 3)).square().mean().backward()
    optimizer.step()
