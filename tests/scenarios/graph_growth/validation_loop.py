"""Validation without ``no_grad``: the summed loss holds the graph of every batch until the loop is through."""

from __future__ import annotations

import torch


def validate(model: torch.nn.Module, batches: list[torch.Tensor]) -> float:
    model.eval()
    total = torch.zeros(())
    for batch in batches:
        total += torch.nn.functional.mse_loss(model(batch), torch.ones(2, 1))  # expect: graph-growth, eval-builds-graph
    return total.item() / len(batches)


def train(model: torch.nn.Module, epochs: int) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(epochs):
        model.train()
        for batch in torch.ones(3, 2, 3):
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
        print(f"{validate(model, [torch.ones(2, 3)] * 8):.3f}")


train(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.1), torch.nn.Linear(4, 1)), epochs=2)
