"""A hidden state that is never detached, with a fused optimizer: the old graph saved the old weights."""

import torch

cell, head = torch.nn.RNNCell(2, 3), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1, fused=True)
hidden = torch.zeros(1, 3)
for _ in range(4):
    hidden = cell(torch.randn(1, 2), hidden)  # expect: graph-growth
    loss = head(hidden).square().mean()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()  # expect[live]: stale-graph-backward
