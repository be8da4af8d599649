"""Weights are drawn far too small: each layer passes a thousandth on."""

from __future__ import annotations

import torch


def initialise(module: torch.nn.Module) -> None:
    if isinstance(module, torch.nn.Linear):
        torch.nn.init.normal_(module.weight, std=0.001)
        torch.nn.init.zeros_(module.bias)


def build(depth: int) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for _ in range(depth):
        layers += [torch.nn.Linear(8, 8), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(8, 1))
    model.apply(initialise)
    return model


def train(model: torch.nn.Module, steps: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        loss = (model(torch.ones(2, 8)) - 1).square().mean()
        loss.backward()  # expect[live]: vanishing-grad
        optimizer.step()


train(build(4), steps=12)
