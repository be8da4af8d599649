"""A trainer calls train() once, before the epochs; its evaluation is a method."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        return self.head(self.body(x))


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def fit(self, batches, epochs):
        self.model.train()
        for _ in range(epochs):
            for batch in batches:
                self.training_step(batch)
            self.evaluate(batches)

    def training_step(self, batch):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(batch).square().mean()
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def evaluate(self, batches):
        self.model.eval()  # expect: eval-in-training
        return sum(self.model(batch).mean().item() for batch in batches)


Trainer(Net()).fit([torch.randn(4, 3) for _ in range(2)], epochs=3)
