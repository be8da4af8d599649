"""An action drawn by sample() instead of rsample(): the actor gets no gradient through the critic."""

import torch
from torch.distributions import Normal


class Actor(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.nn.Linear(3, 1)

    def forward(self, state):
        distribution = Normal(self.mean(state), 0.1)
        return distribution.sample()  # expect: no-grad-path


actor = Actor()
critic = torch.nn.Linear(1, 1).requires_grad_(False)
actor_optimizer = torch.optim.Adam(actor.parameters(), lr=0.01)
for _ in range(4):
    actor_loss = -critic(actor(torch.randn(4, 3))).mean()
    actor_optimizer.zero_grad()
    actor_loss.backward()
    actor_optimizer.step()
