"""A projection that forward makes when it first sees an input, long after the optimizer."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = None
        self.out = nn.Linear(4, 1)

    def forward(self, x):
        if self.project is None:
            self.project = nn.Linear(x.shape[-1], 4)
        return self.out(self.project(x))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)  # expect: param-not-in-optimizer
for _ in range(5):
    optimizer.zero_grad()
    net(torch.randn(2, 3)).square().mean().backward()
    optimizer.step()
