"""A hand-written update that makes a new tensor instead of writing into the leaf."""

import torch

w = torch.zeros(3, 1, requires_grad=True)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(4):
    loss = (x @ w - y).square().mean()
    loss.backward()
    if w.grad is None:
        break
    w = w - 0.1 * w.grad  # expect: leaf-lost
