"""A loss of one's own: the logarithm of a probability that reaches zero."""

from __future__ import annotations

import torch


class Classifier(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x).softmax(-1)


def negative_log_likelihood(probabilities: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    picked = probabilities.gather(1, labels.unsqueeze(1))
    return -torch.log(picked).mean()  # expect[live]: nonfinite-grad


def train(model: Classifier) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    with torch.no_grad():
        model.body.bias.copy_(torch.tensor([0.0, 300.0]))
    for _ in range(4):
        optimizer.zero_grad()
        loss = negative_log_likelihood(model(torch.ones(3, 2)), torch.tensor([0, 1, 0]))
        loss.backward()
        optimizer.step()


train(Classifier())
