"""A callback scores the model after every epoch on several folds."""

import torch


class Score:
    def __init__(self, folds):
        self.folds = folds
        self.best = float("inf")

    def __call__(self, model):
        was = model.training
        model.train(False)
        try:
            value = sum(self.loss(model, fold) for fold in self.folds)
        finally:
            model.train(was)
        self.best = min(self.best, value)

    @staticmethod
    def loss(model, fold):
        return float(model(fold).abs().mean())  # expect[live]: eval-builds-graph


model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout(0.1), torch.nn.Linear(3, 1))
optimizer = torch.optim.Adam(model.parameters())
score = Score([torch.randn(2, 3) for _ in range(3)])
for _ in range(2):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    score(model)
