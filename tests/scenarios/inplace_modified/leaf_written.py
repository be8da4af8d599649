"""An update by hand without no_grad: PyTorch refuses to write into a leaf."""

import torch

w = torch.zeros(3, 1, requires_grad=True)
for _ in range(4):
    loss = (torch.randn(4, 3) @ w - 1).square().mean()
    loss.backward()
    w -= 0.1 * w.grad  # expect: inplace-modified
