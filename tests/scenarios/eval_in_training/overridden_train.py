"""A module overrides train(), and calls its parent's from there: the user's own call is at fault."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.fc = nn.Linear(3, 1)
        self.calls = 0

    def train(self, *mode):
        self.calls += 1
        return super().train(*mode)

    def forward(self, x):
        return self.fc(self.norm(x))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for iteration in range(5):
    optimizer.zero_grad()
    net(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    if iteration == 0:
        net.train(False)  # expect: eval-in-training
print(net.calls)
