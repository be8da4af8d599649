"""Backpropagation through all of time: each graph holds the earlier ones."""

import torch

cell = torch.nn.RNNCell(2, 3)
optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)
for sequence in torch.randn(2, 4, 1, 2):
    hidden = torch.zeros(1, 3)
    optimizer.zero_grad()
    for x in sequence:
        hidden = cell(x, hidden)
        hidden.square().mean().backward(retain_graph=True)
    optimizer.step()
