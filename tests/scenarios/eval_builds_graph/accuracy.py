"""Accuracy by argmax: nothing of it can be differentiated, and the graph was built all the same."""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return {"logits": self.head(self.body(x)), "features": None}


def accuracy(classifier, loader):
    correct = count = 0
    for x, y in loader:
        predicted = classifier(x)["logits"].argmax(dim=1)  # expect[live]: eval-builds-graph
        correct += int((predicted == y).sum())
        count += len(y)
    return correct / count


classifier = Classifier().train(False)
accuracy(classifier, [(torch.randn(4, 4), torch.zeros(4)) for _ in range(5)])
