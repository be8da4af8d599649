"""A checkpoint is loaded with assign=True after the optimizer was made: it holds the old parameters."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
checkpoint = {name: value.clone() for name, value in net.state_dict().items()}
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)  # expect[live]: param-not-in-optimizer
net.load_state_dict(checkpoint, assign=True)
for parameter in net.parameters():
    parameter.requires_grad_()
for _ in range(5):
    optimizer.zero_grad()
    net(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
