"""A recurrent state is detached before each fused step."""

import torch

cell, head = torch.nn.RNNCell(2, 3), torch.nn.Linear(3, 1)
optimizer = torch.optim.AdamW([*cell.parameters(), *head.parameters()], lr=0.1, fused=True)
hidden = torch.zeros(1, 3)
for _ in range(4):
    hidden = cell(torch.randn(1, 2), hidden.detach())
    loss = head(hidden).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
