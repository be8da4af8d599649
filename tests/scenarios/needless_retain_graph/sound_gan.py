"""The generator's loss runs the fake images' graph after the discriminator's has."""

import torch
from torch import nn

generator, discriminator = nn.Linear(2, 2), nn.Linear(2, 1)
optim_g = torch.optim.Adam(generator.parameters())
optim_d = torch.optim.Adam(discriminator.parameters())
for _ in range(4):
    fake = generator(torch.randn(4, 2))
    d_loss = discriminator(fake).mean() - discriminator(torch.randn(4, 2)).mean()
    optim_d.zero_grad()
    d_loss.backward(retain_graph=True)
    optim_d.step()
    optim_g.zero_grad()
    g_loss = -discriminator(fake).mean()
    g_loss.backward()
    optim_g.step()
