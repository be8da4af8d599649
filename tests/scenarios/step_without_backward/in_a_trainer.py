"""A trainer whose backward is behind a flag that nobody sets."""

import torch


class Trainer:
    def __init__(self, model, *, accumulate=1):
        self.model = model
        self.accumulate = accumulate
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        self.training = False

    def loss(self, batch):
        return self.model(batch).square().mean()

    def one(self, batch):
        self.optimizer.zero_grad()
        loss = self.loss(batch)
        if self.training:
            loss.backward()
        self.optimizer.step()  # expect: step-without-backward
        return float(loss.detach())


trainer = Trainer(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)))
for _ in range(4):
    trainer.one(torch.randn(4, 3))
