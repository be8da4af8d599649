"""One forward pass for both losses; the critic's own fused optimizer steps in between."""

import torch

torch.manual_seed(4)
trunk, value = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
optim_actor = torch.optim.AdamW(trunk.parameters(), lr=0.05, fused=True)
optim_critic = torch.optim.AdamW(value.parameters(), lr=0.05, fused=True)


def losses(state):
    features = trunk(state).tanh()
    estimate = value(features)
    return (estimate - 1).square().mean(), -value(features).mean()


for _ in range(4):
    critic_loss, actor_loss = losses(torch.randn(4, 3))
    optim_critic.zero_grad()
    critic_loss.backward(retain_graph=True)
    optim_critic.step()  # expect[live]: stale-graph-backward
    optim_actor.zero_grad()
    actor_loss.backward()
    optim_actor.step()
