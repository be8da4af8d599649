"""Only the critic is trained at first, while both optimizers step; then the actor gets gradients, too."""

import torch

actor, critic = torch.nn.Linear(3, 1), torch.nn.Linear(4, 1)
actor_optimizer = torch.optim.Adam(actor.parameters(), lr=0.01)
critic_optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
for step in range(6):
    state = torch.randn(4, 3)
    action = actor(state)
    value = critic(torch.cat([state, action.detach()], dim=1))
    critic_optimizer.zero_grad()
    (value - 1).square().mean().backward()
    critic_optimizer.step()
    if step < 2:
        continue
    actor_optimizer.zero_grad()
    (-critic(torch.cat([state, action], dim=1))).mean().backward()
    actor_optimizer.step()
