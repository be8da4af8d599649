"""Weights are clipped through ``.data`` while a loss still waits for its backward."""

import torch

critic = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)


def clip(module, bound):
    for weight in module.parameters():
        weight.data.clamp_(-bound, bound)  # expect[live]: stale-graph-backward


for bound in (0.4, 0.3, 0.2, 0.1):
    optimizer.zero_grad()
    real, fake = critic(torch.randn(4, 2)).mean(), critic(torch.randn(4, 2)).mean()
    real.backward()
    clip(critic, bound)
    (-fake).backward()
    optimizer.step()
