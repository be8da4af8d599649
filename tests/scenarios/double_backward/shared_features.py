"""Features computed once, outside the loop."""

import torch

encoder = torch.nn.Linear(3, 3)
head = torch.nn.Linear(3, 1)


def train(features):
    for _ in range(2):
        loss = head(features).square().mean()
        loss.backward()  # expect: double-backward


train(encoder(torch.randn(4, 3)).tanh())
