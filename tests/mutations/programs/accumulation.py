"""Gradients of four minibatches a step."""

import torch
from torch import nn

model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
optimizer.zero_grad()
for step in range(24):
    x, y = torch.randn(4, 6), torch.randn(4, 1)
    loss = nn.functional.mse_loss(model(x), y) / 4
    pass  # mutate: optimizer.zero_grad() -> grad-zeroed-before-step at here
    loss.backward()
    if (step + 1) % 4 == 0:
        optimizer.step()  # line: step
        optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
