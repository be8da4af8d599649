"""Mixed precision with a scaler."""

import torch
from torch import nn

model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
for step in range(10):
    x, y = torch.randn(4, 6), torch.randn(4, 1)
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss = nn.functional.mse_loss(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)  # mutate: remove -> amp-order at clip
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # line: clip
    scaler.step(optimizer)  # line: step
    scaler.update()  # mutate: remove -> amp-order at step
