"""Truncated backpropagation through time."""

import torch
from torch import nn

cell = nn.GRUCell(4, 8)
head = nn.Linear(8, 1)
optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=0.01)
hidden = torch.zeros(3, 8)
for step in range(8):
    x, y = torch.randn(3, 4), torch.randn(3, 1)
    hidden = cell(x, hidden.detach())  # mutate: hidden = cell(x, hidden) -> double-backward at backward
    loss = (head(hidden) - y).square().mean()
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()  # line: backward
    optimizer.step()  # line: step
