"""The state is carried over windows of three."""

import torch
from torch import nn

lstm = nn.LSTM(4, 6, batch_first=True)
head = nn.Linear(6, 1)
optimizer = torch.optim.SGD([*lstm.parameters(), *head.parameters()], lr=0.05)
state = None
for step in range(6):
    x, y = torch.randn(2, 3, 4), torch.randn(2, 1)
    out, state = lstm(x, state)
    loss = (head(out[:, -1]) - y).square().mean()
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()  # line: backward
    optimizer.step()  # line: step
    state = tuple(each.detach() for each in state)  # mutate: remove -> double-backward at backward
