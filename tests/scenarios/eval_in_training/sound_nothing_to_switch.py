"""Neither dropout nor batch norm: the mode changes nothing."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Dropout(0.0), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        model(torch.randn(4, 3))
