"""Encoder and decoder are modules of their own; the optimizer gets one of them."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return torch.tanh(self.fc(x))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)

    def forward(self, z):
        return self.fc(z)


class Trainer:
    def __init__(self):
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.optimizer = torch.optim.Adam(self.decoder.parameters())  # expect[live]: param-not-in-optimizer

    def step(self, x):
        self.optimizer.zero_grad()
        loss = (self.decoder(self.encoder(x)) - x).square().mean()
        loss.backward()
        self.optimizer.step()


trainer = Trainer()
for _ in range(5):
    trainer.step(torch.randn(4, 3))
