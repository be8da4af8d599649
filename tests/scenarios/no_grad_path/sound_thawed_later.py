"""The body is frozen while the head warms up, and its optimizer steps all the same."""

import torch
from torch import nn

body, head = nn.Linear(4, 4), nn.Linear(4, 1)
of_body = torch.optim.SGD(body.parameters(), lr=0.01)
of_head = torch.optim.SGD(head.parameters(), lr=0.1)
body.requires_grad_(False)
for step in range(8):
    if step == 5:
        body.requires_grad_(True)
    of_body.zero_grad()
    of_head.zero_grad()
    head(body(torch.randn(4, 4)).relu()).square().mean().backward()
    of_head.step()
    of_body.step()
