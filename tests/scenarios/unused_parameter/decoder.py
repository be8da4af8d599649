"""An autoencoder whose extra projection nobody applies, trained from a class of its own."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    width: int = 4
    steps: int = 6


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.inner = nn.Linear(3, config.width)
        self.project = nn.Sequential(  # expect[live]: unused-parameter
            nn.Linear(config.width, config.width),
            nn.LayerNorm(config.width),
        )

    def forward(self, x):
        return self.inner(x).tanh()


class Autoencoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.encoder = Encoder(config)
        self.decoder = nn.Linear(config.width, 3)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def main(config):
    model = Autoencoder(config)
    optimizer = torch.optim.AdamW([{"params": model.encoder.parameters()}, {"params": model.decoder.parameters()}])
    for _ in range(config.steps):
        x = torch.randn(2, 3)
        optimizer.zero_grad()
        (model(x) - x).square().mean().backward()
        optimizer.step()


main(Config())
