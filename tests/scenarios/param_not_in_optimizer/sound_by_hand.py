"""Some parameters go to the optimizer, one is updated by hand."""

import torch
from torch import nn

body = nn.Linear(3, 3)
temperature = nn.Linear(1, 1)
optimizer = torch.optim.SGD(body.parameters(), lr=0.1)
for _ in range(5):
    optimizer.zero_grad()
    temperature.zero_grad()
    (body(torch.randn(4, 3)).square().mean() * temperature(torch.ones(1))).sum().backward()
    optimizer.step()
    with torch.no_grad():
        for parameter in temperature.parameters():
            parameter.sub_(0.01 * parameter.grad)
