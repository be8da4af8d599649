"""A trainer that unscales in the accumulation's loop rather than after it."""

import torch


class Trainer:
    def __init__(self):
        self.model = torch.nn.Linear(3, 1)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01)
        self.scaler = torch.amp.GradScaler("cpu")

    def micro(self, batch):
        loss = self.model(batch).square().mean() / 2
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)  # expect[live]: amp-order

    def step(self):
        for batch in torch.randn(2, 4, 3):
            self.micro(batch)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()


trainer = Trainer()
for _ in range(2):
    trainer.step()
