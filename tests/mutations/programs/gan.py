"""A generator and a discriminator, each with its optimizer."""

import torch
from torch import nn

generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
of_generator = torch.optim.Adam(generator.parameters(), lr=0.01)
of_critic = torch.optim.Adam(critic.parameters(), lr=0.01)
bce = nn.BCEWithLogitsLoss()
for step in range(8):
    real, fake = torch.randn(4, 2), generator(torch.randn(4, 3))
    of_critic.zero_grad()  # mutate: remove -> missing-zero-grad at critic
    loss = bce(critic(real), torch.ones(4, 1)) + bce(critic(fake.detach()), torch.zeros(4, 1))
    loss.backward()
    of_critic.step()  # line: critic
    of_generator.zero_grad()  # mutate: remove -> missing-zero-grad at generator
    bce(critic(fake), torch.ones(4, 1)).backward()
    of_generator.step()  # line: generator
