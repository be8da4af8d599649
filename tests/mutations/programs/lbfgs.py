"""LBFGS with its closure."""

import torch
from torch import nn

model = nn.Linear(5, 1)
optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)
x, y = torch.randn(20, 5), torch.randn(20, 1)


def closure():
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at backward
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()  # line: backward
    return loss


for step in range(6):
    optimizer.step(closure)
