"""Truncated backpropagation through an LSTM, its state detached by a generator."""

import torch

lstm, head = torch.nn.LSTM(2, 3), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD([*lstm.parameters(), *head.parameters()], lr=0.1)


def states():
    state = None
    for chunk in torch.randn(4, 2, 1, 2):
        output, state = lstm(chunk, state)
        yield output
        state = tuple(part.detach() for part in state)


for output in states():
    optimizer.zero_grad()
    head(output).square().mean().backward()
    optimizer.step()
