"""The gradient of an inner value is looked at."""

import torch
from torch import nn

encoder, head = nn.Linear(4, 8), nn.Linear(8, 1)
optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
for step in range(5):
    features = encoder(torch.randn(4, 4)).tanh()
    features.retain_grad()  # mutate: remove -> nonleaf-grad at read
    loss = head(features).square().mean()
    optimizer.zero_grad()
    loss.backward()
    seen = features.grad  # line: read
    optimizer.step()
