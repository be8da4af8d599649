"""A trial of what an optimizer takes, whose error the program expects."""

import torch

leaf = torch.zeros(3, requires_grad=True)
try:
    optimizer = torch.optim.SGD([leaf * 2], lr=0.1)
except ValueError:
    optimizer = torch.optim.SGD([leaf], lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    (leaf - 1).square().sum().backward()
    optimizer.step()
