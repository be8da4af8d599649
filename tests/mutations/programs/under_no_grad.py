"""Training and evaluation in one function."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def run(x, y, *, train):
    with torch.set_grad_enabled(train):  # mutate: with torch.set_grad_enabled(False): -> no-grad-path at here
        loss = nn.functional.mse_loss(model(x), y)
    if train:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


for step in range(6):
    run(torch.randn(4, 4), torch.randn(4, 1), train=True)
    run(torch.randn(4, 4), torch.randn(4, 1), train=False)
