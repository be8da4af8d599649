"""A plain loop over a dataset."""

import torch
from torch import nn

model = nn.Linear(6, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(8):
    x, y = torch.randn(4, 6), torch.randn(4, 1)
    optimizer.zero_grad()
    loss = nn.functional.smooth_l1_loss(model(x), y)
    loss.backward()  # mutate: remove -> step-without-backward at step
    optimizer.step()  # line: step
