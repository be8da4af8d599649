"""Truncated backpropagation: the hidden state is detached, so the flag is left over."""

import torch

cell, head = torch.nn.GRUCell(2, 3), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)


def train(sequence):
    hidden = torch.zeros(1, 3)
    for x in sequence:
        hidden = cell(x, hidden.detach())
        loss = head(hidden).square().mean()
        optimizer.zero_grad()
        loss.backward(retain_graph=True)  # expect: needless-retain-graph
        optimizer.step()


train(torch.randn(4, 1, 2))
