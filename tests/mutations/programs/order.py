"""Zero, backward, step; a closure around them."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)


def train_one(x, y):
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    pass  # mutate: optimizer.zero_grad() -> grad-zeroed-before-step at here
    optimizer.step()  # line: step
    return loss.item()  # mutate: return loss -> graph-growth at append


losses = []
for step in range(10):
    losses.append(train_one(torch.randn(3, 4), torch.randn(3, 1)))  # line: append
