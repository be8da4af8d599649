"""Dtype and scale first; and a .to() that gives back the leaf itself."""

import torch

dtype = torch.float32
w = torch.randn(3, 1, dtype=torch.float64).to(dtype).mul(0.1).requires_grad_()
b = torch.zeros(1, requires_grad=True).to(dtype)
optimizer = torch.optim.SGD([w, b], lr=0.1)
for _ in range(4):
    loss = (torch.randn(4, 3) @ w + b).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(w.grad.shape, b.grad.shape)
