"""How far a gradient reaches back in time, asked of states that keep none."""

import torch


def states(cell, steps):
    state = torch.zeros(1, 4)
    for _ in range(steps):
        state = cell(torch.randn(1, 2), state)
        yield state


cell = torch.nn.GRUCell(2, 4)
optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)
for _ in range(4):
    history = list(states(cell, 3))
    optimizer.zero_grad()
    history[-1].square().sum().backward()
    first = history[0].grad  # expect: nonleaf-grad
    print(first is None)
    optimizer.step()
