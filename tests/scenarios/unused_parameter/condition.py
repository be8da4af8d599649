"""A branch that a flag never takes: the layer is held and never trained."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, *, auxiliary):
        super().__init__()
        self.auxiliary = auxiliary
        self.main = nn.Linear(3, 2)
        self.extra = nn.Linear(3, 2)  # expect[live]: unused-parameter

    def forward(self, x):
        out = self.main(x)
        if self.auxiliary:
            out = out + self.extra(x)
        return out


net = Net(auxiliary=False)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(6):
    optimizer.zero_grad()
    net(torch.randn(2, 3)).square().mean().backward()
    optimizer.step()
