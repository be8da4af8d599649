"""A trainer sums where it should average, over inputs that nobody scaled."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass
class Trainer:
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss = (self.model(x) - y).square().sum()
        loss.backward()  # expect[live]: exploding-grad
        self.optimizer.step()
        return loss.item()


model = torch.nn.Linear(4, 1)
trainer = Trainer(model, torch.optim.SGD(model.parameters(), lr=0.01))
for _ in range(4):
    trainer.step(torch.full((64, 4), 300.0), torch.ones(64, 1))
