"""An update by hand that makes a new leaf each time."""

import torch

w = torch.zeros(3, 1, requires_grad=True)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(4):
    loss = (x @ w - y).square().mean()
    loss.backward()
    w = (w - 0.1 * w.grad).detach().requires_grad_()
