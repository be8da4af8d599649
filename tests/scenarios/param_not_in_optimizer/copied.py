"""The model is copied after its optimizer was made: the copy gets the gradients, the original's are held."""

import copy

import torch
from torch import nn


class Trainer:
    def __init__(self, model):
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)  # expect[live]: param-not-in-optimizer
        self.model = copy.deepcopy(model)

    def fit(self, batches):
        for batch in batches:
            self.optimizer.zero_grad()
            loss = self.model(batch).square().mean()
            loss.backward()
            self.optimizer.step()


Trainer(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))).fit([torch.randn(4, 3) for _ in range(5)])
