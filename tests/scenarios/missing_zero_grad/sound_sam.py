"""Sharpness-aware minimisation: two passes, parameters moved and moved back between them."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for _ in range(8):
    x = torch.randn(4, 3)
    model(x).square().mean().backward()
    with torch.no_grad():
        moves = [0.05 * parameter.grad / parameter.grad.norm() for parameter in model.parameters()]
        for parameter, move in zip(model.parameters(), moves, strict=True):
            parameter.add_(move)
    optimizer.zero_grad()
    model(x).square().mean().backward()
    with torch.no_grad():
        for parameter, move in zip(model.parameters(), moves, strict=True):
            parameter.sub_(move)
    optimizer.step()
    optimizer.zero_grad()
