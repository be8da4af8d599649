"""Each graph lies in a reference cycle; the collector frees it in its own time."""

from __future__ import annotations

import gc

import torch


class Record:
    def __init__(self, loss: torch.Tensor) -> None:
        self.loss = loss
        self.itself = self


gc.disable()
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(9):
    optimizer.zero_grad()
    record = Record(model(torch.ones(4, 3)).square().mean())
    record.loss.backward()
    optimizer.step()
gc.enable()
gc.collect()
