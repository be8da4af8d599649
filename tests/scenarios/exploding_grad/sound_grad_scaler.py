"""A scaled loss: gradients are huge until they are unscaled."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24, growth_interval=1)
for _ in range(5):
    optimizer.zero_grad()
    loss = (model(torch.ones(4, 3)) - 5).square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
