"""The result of a leaf whose gradient is wanted says so, and the leaf's is read by its own name."""

import torch

raw = torch.randn(3, requires_grad=True)
for _ in range(4):
    w = raw.tanh()
    w.retain_grad()
    (w * torch.ones(3)).sum().backward()
    print(w.grad, raw.grad)
    raw.grad = None
