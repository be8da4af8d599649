"""A scaled loss for one model and a plain one for another, each with its own optimizer."""

import torch

large, small = torch.nn.Linear(3, 4), torch.nn.Linear(3, 1)
first = torch.optim.AdamW(large.parameters(), lr=0.01)
second = torch.optim.SGD(small.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for _ in range(6):
    first.zero_grad()
    second.zero_grad()
    x = torch.randn(4, 3)
    scaler.scale(large(x).square().mean()).backward()
    small(x).square().mean().backward()
    torch.nn.utils.clip_grad_norm_(small.parameters(), 0.1)
    second.step()
    scaler.unscale_(first)
    torch.nn.utils.clip_grad_norm_(large.parameters(), 0.1)
    scaler.step(first)
    scaler.update()
