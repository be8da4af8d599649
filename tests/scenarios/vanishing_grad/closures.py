"""Hand-written layers in a list, and a backward in a helper that is given the loss."""

from __future__ import annotations

from functools import partial

import torch

weights = [torch.nn.Parameter(torch.eye(3) * 0.005) for _ in range(5)]
optimizer = torch.optim.SGD(weights, lr=0.01)


def forward(x: torch.Tensor, weights: list[torch.nn.Parameter]) -> torch.Tensor:
    for weight in weights:
        x = torch.sigmoid(x @ weight)
    return x


def descend(loss_of: partial[torch.Tensor]) -> None:
    optimizer.zero_grad()
    (loss_of() - 1).square().sum().backward()  # expect[live]: vanishing-grad
    optimizer.step()


for _ in range(5):
    descend(partial(forward, torch.ones(2, 3), weights))
