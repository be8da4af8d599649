"""Everything that is kept is detached, in each of the usual ways."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch


@dataclass
class State:
    total: torch.Tensor = field(default_factory=lambda: torch.zeros(()))
    curve: list[float] = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)
    best: torch.Tensor | None = None


def train(model: torch.nn.Module, state: State) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(8):
        optimizer.zero_grad()
        out = model(torch.ones(4, 3))
        loss = out.square().mean()
        loss.backward()
        optimizer.step()
        state.total += loss.detach()
        state.curve.append(float(loss))
        state.outputs.append(out.detach().clone())
        if state.best is None or loss < state.best:
            state.best = loss


train(torch.nn.Linear(3, 1), State())
