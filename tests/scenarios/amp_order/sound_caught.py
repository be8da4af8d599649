"""A second unscale_ raises, and the program expects it."""

import contextlib

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for _ in range(4):
    optimizer.zero_grad()
    scaler.scale(model(torch.randn(4, 3)).square().mean()).backward()
    for _ in range(2):
        with contextlib.suppress(RuntimeError):
            scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
