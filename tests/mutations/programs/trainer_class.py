"""A trainer in a class, with a scheduler."""

import torch
from torch import nn


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, 3)
        self.history = []

    def training_step(self, x, y):
        return nn.functional.mse_loss(self.model(x), y)

    def fit(self, batches):
        for x, y in batches:
            loss = self.training_step(x, y)
            self.optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
            loss.backward()
            self.optimizer.step()  # line: step
            self.scheduler.step()
            self.history.append(loss.detach())  # mutate: self.history.append(loss) -> graph-growth at here


Trainer(nn.Linear(5, 1)).fit([(torch.randn(4, 5), torch.randn(4, 1)) for _ in range(8)])
