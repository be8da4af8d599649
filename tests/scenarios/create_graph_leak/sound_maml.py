"""MAML: the outer loss runs through the inner gradients."""

import torch

w = torch.randn(2, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
for _ in range(4):
    inner = (w * torch.randn(2)).square().sum()
    (gradient,) = torch.autograd.grad(inner, w, create_graph=True)
    fast = w - 0.1 * gradient
    optimizer.zero_grad()
    (fast * torch.randn(2)).square().sum().backward()
    optimizer.step()
