"""A replay buffer holds values with their graphs; a sampled one runs again."""

from collections import deque

import torch

critic = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
replay: deque[torch.Tensor] = deque(maxlen=8)


def update(value):
    loss = (value - 1).square()
    loss.backward()  # expect[live]: double-backward


for _ in range(4):
    replay.append(critic(torch.randn(2)))
    update(replay[0])
