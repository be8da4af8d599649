"""Scores of a sequence: a recurrent cell's state is carried over without detach, and retain_graph hides the error."""

import torch

cell = torch.nn.GRUCell(2, 3)
head = torch.nn.Linear(3, 1)


def sensitivity(steps: int) -> None:
    h = torch.zeros(1, 3)
    for _ in range(steps):
        h = cell(torch.ones(1, 2), h)  # expect[live]: graph-growth
        loss = head(h).square().mean()
        keep = bool(steps)
        loss.backward(retain_graph=keep)


sensitivity(7)
