"""Meta-learning: inner updates make new tensors on purpose, and nobody reads their .grad."""

import torch

w = torch.randn(3, 1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    fast = w
    for _ in range(2):
        inner = (torch.randn(4, 3) @ fast).square().mean()
        (gradient,) = torch.autograd.grad(inner, fast, create_graph=True)
        fast = fast - 0.1 * gradient
    loss = (torch.randn(4, 3) @ fast).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
