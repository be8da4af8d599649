"""Multi-step forecast: the running total is run at each step, and holds the earlier ones."""

import torch

cell, head = torch.nn.GRUCell(2, 3), torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.01)
for sequence in torch.randn(2, 3, 1, 2):
    hidden, total = torch.zeros(1, 3), 0.0
    optimizer.zero_grad()
    for x in sequence:
        hidden = cell(x, hidden)
        total = total + head(hidden).square().mean()
        total.backward(retain_graph=True)  # expect: repeated-backward-accumulates
    optimizer.step()
