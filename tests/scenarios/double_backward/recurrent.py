"""A hidden state that carries the graph of the last iteration."""

import torch

cell = torch.nn.RNNCell(2, 4)
head = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)
hidden = torch.zeros(1, 4)
for _ in range(3):
    optimizer.zero_grad()
    hidden = cell(torch.randn(1, 2), hidden)
    loss = head(hidden).square().mean()
    loss.backward()  # expect: double-backward
    optimizer.step()
