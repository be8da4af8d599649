"""The list is appended to by a function that calls it otherwise, in a generator's loop."""

from __future__ import annotations

from collections.abc import Iterator

import torch


def batches(count: int) -> Iterator[torch.Tensor]:
    for index in range(count):
        yield torch.full((2, 3), float(index))


def log(store: list[torch.Tensor], value: torch.Tensor) -> None:
    store.append(value)  # expect: graph-growth


def train() -> list[torch.Tensor]:
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    curve: list[torch.Tensor] = []
    for batch in batches(5):
        loss = model(batch).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log(curve, loss)
    return curve


print(len(train()))
