"""Two parameter groups, one is thawed later."""

import torch
from torch import nn

body, head = nn.Linear(4, 4), nn.Linear(4, 1)
optimizer = torch.optim.AdamW([{"params": body.parameters(), "lr": 0.01}, {"params": head.parameters()}], lr=0.1)  # mutate: optimizer = torch.optim.AdamW(head.parameters(), lr=0.1) -> param-not-in-optimizer at here
for step in range(8):
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss = head(body(torch.randn(4, 4)).relu()).square().mean()
    loss.backward()  # mutate: loss.backward(retain_graph=True) -> needless-retain-graph at here
    optimizer.step()  # line: step
