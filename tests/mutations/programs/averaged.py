"""An exponential moving average of the weights."""

import copy

import torch
from torch import nn

model = nn.Linear(4, 1)
average = copy.deepcopy(model).requires_grad_(False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
smooth = torch.zeros(())
for step in range(9):
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss = model(torch.randn(4, 4)).square().mean()
    loss.backward()
    optimizer.step()  # line: step
    smooth = 0.9 * smooth + 0.1 * loss.detach()  # mutate: smooth = 0.9 * smooth + 0.1 * loss -> graph-growth at here
    with torch.no_grad():
        for kept, new in zip(average.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 0.1)
