"""Two parts that run in turn, with an optimizer each, and one that warms up first."""

import torch
from torch import nn


class Gan(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Linear(2, 3)
        self.critic = nn.Linear(3, 1)

    def forward(self, x, part):
        return self.critic(x) if part == "critic" else self.critic(self.generator(x))


gan = Gan()
generator_optimizer = torch.optim.SGD(gan.generator.parameters(), lr=0.1)
critic_optimizer = torch.optim.SGD(gan.critic.parameters(), lr=0.1)
for iteration in range(9):
    critic_optimizer.zero_grad()
    gan(torch.randn(2, 3), "critic").square().mean().backward()
    critic_optimizer.step()
    if iteration > 6:
        generator_optimizer.zero_grad()
        (-gan(torch.randn(2, 2), "generator").mean()).backward()
        generator_optimizer.step()
