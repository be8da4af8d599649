"""The generator's loss goes through a discriminator that a fused step has changed."""

import torch
from torch import nn


class Gan:
    def __init__(self):
        self.generator = nn.Linear(2, 2)
        self.discriminator = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
        self.optim_g = torch.optim.Adam(self.generator.parameters(), fused=True)
        self.optim_d = torch.optim.Adam(self.discriminator.parameters(), lr=0.1, fused=True)

    def step(self, real):
        fake = self.generator(torch.randn(4, 2))
        judged = self.discriminator(fake)
        d_loss = self.discriminator(fake.detach()).mean() - self.discriminator(real).mean()
        self.optim_d.zero_grad()
        d_loss.backward()
        self.optim_d.step()  # expect[live]: stale-graph-backward
        self.optim_g.zero_grad()
        (-judged.mean()).backward()
        self.optim_g.step()


gan = Gan()
for _ in range(4):
    gan.step(torch.randn(4, 2))
