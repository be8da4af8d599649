"""A recurrence whose matrix doubles what it is given, over many steps."""

from __future__ import annotations

import torch


class Recurrence(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.eye(2) * 2)

    def forward(self, state: torch.Tensor, steps: int) -> torch.Tensor:
        for _ in range(steps):
            state = state @ self.matrix
        return state


def train(model: Recurrence) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-14)
    for epoch in range(5):
        optimizer.zero_grad()
        loss = model(torch.ones(1, 2), 14 + epoch).square().mean()
        loss.backward()  # expect[live]: exploding-grad
        optimizer.step()


train(Recurrence())
