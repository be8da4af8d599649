"""A flat loss: the optimizer holds the parameters of a model that was made before."""

import torch
from torch import nn


def make_model():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


model = make_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # expect[live]: param-not-in-optimizer
model = make_model()
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(5):
    optimizer.zero_grad()
    loss = (model(x) - y).square().mean()
    loss.backward()
    optimizer.step()
