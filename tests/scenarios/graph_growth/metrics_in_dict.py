"""Metrics by name, each in a list; one of them is a tensor with its graph."""

from __future__ import annotations

from collections import defaultdict

import torch


def evaluate_step(model: torch.nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    out = model(x)
    return {"loss": out.square().mean(), "size": out.detach().abs().mean()}


def main(epochs: int) -> None:
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    metrics: dict[str, list[torch.Tensor]] = defaultdict(list)
    for _ in range(epochs):
        for _ in range(4):
            told = evaluate_step(model, torch.ones(3, 2))
            optimizer.zero_grad()
            told["loss"].backward()
            optimizer.step()
            for name, value in told.items():
                metrics[name].append(value)  # expect: graph-growth


main(epochs=2)
