"""Sharpness-aware: weights move and come back, each loss runs where it was made."""

import torch

torch.manual_seed(2)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
for _ in range(4):
    batch = torch.randn(4, 3)
    optimizer.zero_grad()
    model(batch).square().mean().backward()
    moves = [0.05 * weight.grad / weight.grad.norm().clamp(min=1e-6) for weight in model.parameters()]
    for weight, move in zip(model.parameters(), moves, strict=True):
        weight.data.add_(move)
    optimizer.zero_grad()
    model(batch).square().mean().backward()
    for weight, move in zip(model.parameters(), moves, strict=True):
        weight.data.sub_(move)
    optimizer.step()
