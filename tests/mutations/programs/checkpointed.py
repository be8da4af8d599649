"""Activation checkpointing."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

blocks = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(3)])
head = nn.Linear(4, 1)
optimizer = torch.optim.SGD([*blocks.parameters(), *head.parameters()], lr=0.1)
for step in range(6):
    x = torch.randn(4, 4)
    for block in blocks:
        x = checkpoint(block, x, use_reentrant=False)
    loss = head(x).square().mean()
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()
    optimizer.step()  # line: step
