"""A whole list of layers is never reached."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, depth=2):
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.tower = nn.ModuleList([nn.Linear(4, 4) for _ in range(depth)])  # expect[live]: unused-parameter
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        return self.head(x)


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.01)


def step(batch):
    optimizer.zero_grad()
    loss = net(batch).square().mean()
    loss.backward()
    optimizer.step()


for _ in range(5):
    step(torch.randn(2, 3))
