"""A closure keeps outputs for later in a variable of the function around it."""

from __future__ import annotations

from collections.abc import Callable

import torch


def make_step(model: torch.nn.Module) -> tuple[Callable[[torch.Tensor], float], list[torch.Tensor]]:
    outputs: list[torch.Tensor] = []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(batch: torch.Tensor) -> float:
        out = model(batch)
        optimizer.zero_grad()
        loss = out.square().mean()
        loss.backward()
        optimizer.step()
        outputs.extend([out])  # expect: graph-growth
        return loss.item()

    return step, outputs


step, seen = make_step(torch.nn.Linear(3, 2))
for _ in range(8):
    step(torch.ones(4, 3))
