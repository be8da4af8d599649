"""Gradients carried over on purpose, scaled; and momentum of one's own in ``.grad``."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(12):
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    for parameter in model.parameters():
        parameter.grad.mul_(0.9)

w = torch.ones(3, requires_grad=True)
for _ in range(8):
    if w.grad is not None:
        w.grad *= 0.5
    (w * torch.randn(3)).square().sum().backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
