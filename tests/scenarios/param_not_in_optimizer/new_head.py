"""The head is replaced after the optimizer was made."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Linear(3, 4)
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


def build(classes):
    net = Net(5)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)  # expect: param-not-in-optimizer
    net.head = nn.Linear(4, classes)
    return net, optimizer


def train(net, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(2, 3)).square().mean().backward()
        optimizer.step()


train(*build(2), steps=5)
