"""A scheduler that wraps the optimizer's step, and an accumulation of two batches for each."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
for number in range(8):
    (model(torch.randn(4, 3)).square().mean() / 2).backward()
    if number % 2:
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
