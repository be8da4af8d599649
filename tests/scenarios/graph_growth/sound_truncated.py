"""Truncated backpropagation through time: the state is detached after each window."""

import torch

cell = torch.nn.GRUCell(2, 3)
head = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.01)
h = torch.zeros(1, 3)
for _ in range(7):
    h = h.detach()
    losses = []
    for _ in range(3):
        h = cell(torch.ones(1, 2), h)
        losses.append(head(h).square().mean())
    optimizer.zero_grad()
    torch.stack(losses).sum().backward()
    optimizer.step()
