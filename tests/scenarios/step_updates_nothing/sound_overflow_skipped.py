"""A GradScaler finds overflows in every step and skips them all."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**120)
for _ in range(12):
    optimizer.zero_grad()
    loss = (model(torch.randn(4, 3)) * 1e30).square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
