"""Sharpness-aware steps: the first gradients are cleared after the parameters were moved by them."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)


def gradients(x):
    optimizer.zero_grad()
    model(x).square().mean().backward()


for _ in range(9):
    x = torch.randn(4, 3)
    gradients(x)
    with torch.no_grad():
        moves = [0.05 * parameter.grad / parameter.grad.norm() for parameter in model.parameters()]
        for parameter, move in zip(model.parameters(), moves, strict=True):
            parameter.add_(move)
    gradients(x)
    with torch.no_grad():
        for parameter, move in zip(model.parameters(), moves, strict=True):
            parameter.sub_(move)
    optimizer.step()
