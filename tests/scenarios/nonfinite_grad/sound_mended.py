"""Gradients that are not finite are set to zero before the step, as some recipes do."""

from __future__ import annotations

import torch


class Trainer:
    def __init__(self) -> None:
        self.model = torch.nn.Linear(3, 2, bias=False)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.1)

    def mend(self) -> None:
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                torch.nan_to_num_(parameter.grad, nan=0.0, posinf=0.0, neginf=0.0)

    def step(self) -> None:
        self.optimizer.zero_grad()
        self.model(torch.zeros(4, 3)).square().sum(-1).sqrt().mean().backward()
        self.mend()
        self.optimizer.step()


trainer = Trainer()
for _ in range(4):
    trainer.step()
