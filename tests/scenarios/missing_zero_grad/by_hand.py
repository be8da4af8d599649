"""An update written by hand, and the gradient stays."""

import torch

w = torch.randn(5, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for _ in range(4):
    loss = (torch.randn(7, 5) @ w + b - 1).square().mean()
    loss.backward()  # expect: missing-zero-grad
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
