"""Cleared for a hundred steps, then no more: long after the first iterations."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for number in range(110):
    if number < 100:
        optimizer.zero_grad()
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward()
    optimizer.step()  # expect[live]: missing-zero-grad
