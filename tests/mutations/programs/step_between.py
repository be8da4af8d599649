"""Two losses that share a trunk."""

import torch
from torch import nn

trunk, head = nn.Linear(4, 8), nn.Linear(8, 1)
optimizer = torch.optim.SGD([*trunk.parameters(), *head.parameters()], lr=0.1)
for step in range(5):
    features = trunk(torch.randn(4, 4)).relu()
    one, two = head(features).mean(), head(features).square().mean()
    optimizer.zero_grad()
    one.backward(retain_graph=True)  # mutate: one.backward() -> double-backward at second
    two.backward()  # line: second
    optimizer.step()
