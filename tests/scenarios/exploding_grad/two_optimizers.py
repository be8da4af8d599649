"""Of two optimizers the critic's has no bound, and its loss none either."""

import torch

actor = torch.nn.Linear(2, 1)
critic = torch.nn.Linear(2, 1)
actor_optimizer = torch.optim.Adam(actor.parameters(), lr=1e-3)
critic_optimizer = torch.optim.SGD(critic.parameters(), lr=50.0)
states = torch.full((4, 2), 10.0)
for _ in range(5):
    critic_optimizer.zero_grad()
    value_loss = (critic(states) - 1).pow(2).mean()
    value_loss.backward()  # expect[live]: exploding-grad
    critic_optimizer.step()
    actor_optimizer.zero_grad()
    actor_loss = actor(states).square().mean()
    actor_loss.backward()
    actor_optimizer.step()
