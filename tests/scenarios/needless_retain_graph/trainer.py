"""A trainer's method keeps each graph; seven steps are enough to say so before the end."""

from dataclasses import dataclass, field

import torch


@dataclass
class Trainer:
    model: torch.nn.Module
    losses: list[float] = field(default_factory=list)

    def __post_init__(self):
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01)

    def training_step(self, batch):
        return self.model(batch).square().mean()

    def fit(self, batches):
        for batch in batches:
            loss = self.training_step(batch)
            self.optimizer.zero_grad()
            loss.backward(retain_graph=True)  # expect: needless-retain-graph
            self.optimizer.step()
            self.losses.append(loss.item())


trainer = Trainer(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)))
trainer.fit(torch.randn(4, 3) for _ in range(7))
print(len(trainer.losses))
