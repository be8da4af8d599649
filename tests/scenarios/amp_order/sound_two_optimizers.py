"""One scaler for two optimizers, one update after both; accumulation of two parts; a fused optimizer."""

import torch

trunk, head = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
first = torch.optim.Adam(trunk.parameters(), lr=0.01, fused=True)
second = torch.optim.SGD(head.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
for _ in range(6):
    for batch in torch.randn(2, 4, 3):
        loss = head(trunk(batch).tanh()).square().mean() / 2
        scaler.scale(loss).backward()
    scaler.unscale_(second)
    torch.nn.utils.clip_grad_norm_(head.parameters(), 0.1)
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    first.zero_grad()
    second.zero_grad()
