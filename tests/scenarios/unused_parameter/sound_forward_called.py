"""Layers are run by their ``forward`` and by other methods, past the call."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def encode(self, x):
        return self.fc(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.plain = nn.Linear(3, 3)
        self.attention = nn.MultiheadAttention(3, 1)

    def forward(self, x):
        x = self.plain.forward(self.encoder.encode(x))
        return self.attention(x, x, x)[0]


net = Net()
optimizer = torch.optim.Adam(net.parameters())
for _ in range(6):
    optimizer.zero_grad()
    net(torch.randn(2, 3)).square().mean().backward()
    optimizer.step()
