"""A loss summed over much data: the norm is large, and it falls."""

from __future__ import annotations

import torch


def train(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(12):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y, reduction="sum").backward()
        optimizer.step()


train(torch.nn.Linear(4, 1), torch.full((1000, 4), 100.0), torch.zeros(1000, 1))
