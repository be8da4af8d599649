"""A trainer keeps each loss in its history; a callback is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch


@dataclass
class History:
    losses: list[torch.Tensor] = field(default_factory=list)
    epochs: int = 0

    def record(self, loss: torch.Tensor) -> None:
        self.losses.append(loss)  # expect: graph-growth


class Trainer:
    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        self.history = History()

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = self.model(batch).square().mean()
        loss.backward()
        self.optimizer.step()
        return loss

    def fit(self, batches: list[torch.Tensor]) -> None:
        for batch in batches:
            self.history.record(self.training_step(batch))


def main() -> None:
    trainer = Trainer(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)))
    trainer.fit([torch.ones(2, 3)] * 8)


main()
