"""Gradient descent written by hand."""

import torch

w = torch.randn(5, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for step in range(8):
    x, y = torch.randn(8, 5), torch.randn(8, 1)
    loss = (x @ w + b - y).square().mean()
    loss.backward()  # line: backward
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
    w.grad = None  # mutate: remove -> missing-zero-grad at backward
    b.grad = None
