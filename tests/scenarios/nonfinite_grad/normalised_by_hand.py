"""A normalisation by hand takes the deviation of a batch of one: it is NaN, and the loss with it."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass
class Setup:
    model: torch.nn.Module
    lr: float = 0.1


class Standardised(torch.nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.linear(x)
        spread = h.std(dim=0)  # expect[live]: nonfinite-grad
        return (h - h.mean(dim=0)) * (spread + 1e-6)


def run(setup: Setup) -> None:
    optimizer = torch.optim.RMSprop(setup.model.parameters(), lr=setup.lr)
    for _ in range(4):
        optimizer.zero_grad()
        (setup.model(torch.ones(1, 2)) - 1).square().mean().backward()
        optimizer.step()


run(Setup(Standardised(2)))
