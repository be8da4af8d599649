"""The critic scores the actor in evaluation mode; it is trained in training mode."""

import torch
from torch import nn

actor = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.1), nn.Linear(4, 1))
critic = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.Linear(4, 1))
actor_optimizer = torch.optim.Adam(actor.parameters(), lr=1e-3)
critic_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
for _ in range(6):
    state = torch.randn(4, 3)
    critic.train()
    critic_optimizer.zero_grad()
    action = actor(state).detach()
    critic(torch.cat([state, action], dim=1)).square().mean().backward()
    critic_optimizer.step()
    critic.eval()
    actor_optimizer.zero_grad()
    (-critic(torch.cat([state, actor(state)], dim=1)).mean()).backward()
    actor_optimizer.step()
