"""A gradient penalty on a critic."""

import torch
from torch import nn

critic = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
for step in range(8):
    x = torch.randn(4, 3, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    loss = critic(x).mean() + (slope.norm(dim=1) - 1).square().mean()
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()  # mutate: loss.backward(create_graph=True) -> create-graph-leak at here
    optimizer.step()  # line: step
