"""A discriminator's loss is retained although what it was given is detached."""

import torch
from torch import nn

torch.manual_seed(3)
generator, discriminator = nn.Linear(2, 2), nn.Linear(2, 1)
optim_g = torch.optim.Adam(generator.parameters())
optim_d = torch.optim.Adam(discriminator.parameters())
criterion = nn.BCEWithLogitsLoss()
for _ in range(4):
    real, fake = torch.randn(4, 2), generator(torch.randn(4, 2))
    optim_d.zero_grad()
    real_loss = criterion(discriminator(real), torch.ones(4, 1))
    fake_loss = criterion(discriminator(fake.detach()), torch.zeros(4, 1))
    d_loss = real_loss + fake_loss
    d_loss.backward(retain_graph=True)  # expect: needless-retain-graph
    optim_d.step()
    optim_g.zero_grad()
    g_loss = criterion(discriminator(fake), torch.ones(4, 1))
    g_loss.backward()
    optim_g.step()
