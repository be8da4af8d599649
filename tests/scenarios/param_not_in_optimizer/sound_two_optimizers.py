"""A generator's loss fills the critic's gradients, which another optimizer holds."""

import torch
from torch import nn

generator, critic = nn.Linear(2, 3), nn.Linear(3, 1)
generator_optimizer = torch.optim.Adam(generator.parameters())
critic_optimizer = torch.optim.Adam(critic.parameters())
for iteration in range(8):
    generator_optimizer.zero_grad()
    (-critic(generator(torch.randn(4, 2))).mean()).backward()
    generator_optimizer.step()
    if iteration % 4 == 3:
        critic_optimizer.zero_grad()
        critic(generator(torch.randn(4, 2)).detach()).square().mean().backward()
        critic_optimizer.step()
