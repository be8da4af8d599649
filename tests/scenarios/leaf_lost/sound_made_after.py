"""The same script as the textbook's, mended: the values first, requires_grad_ last."""

import torch

w = (torch.randn(3, 1) * 0.1).requires_grad_()
for _ in range(4):
    loss = (torch.randn(4, 3) @ w).square().mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
