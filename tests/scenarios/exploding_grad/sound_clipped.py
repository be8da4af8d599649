"""Gradients explode and are clipped: that is what clipping is for."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=10.0)
for _ in range(6):
    optimizer.zero_grad()
    loss = (model(torch.full((4, 3), 1e4)) - 1).square().sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
