"""The step changes parameters that the waiting graph never saved."""

import torch

left, right = torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
optim_left = torch.optim.Adam(left.parameters(), lr=0.1, fused=True)
optim_right = torch.optim.Adam(right.parameters(), lr=0.1, fused=True)
for _ in range(4):
    x = torch.randn(4, 3)
    losses = left(x).square().mean(), right(x).square().mean()
    for loss, optimizer in zip(losses, (optim_left, optim_right), strict=True):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
