"""A GAN whose critic steps between the generator's forward pass and its backward."""

import torch

generator = torch.nn.Linear(2, 3)
critic = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
generator_optimizer = torch.optim.Adam(generator.parameters(), lr=0.01)
critic_optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
for _ in range(4):
    fake = generator(torch.randn(4, 2))
    generator_loss = -critic(fake).mean()
    critic_loss = critic(fake.detach()).mean() - critic(torch.randn(4, 3)).mean()
    critic_optimizer.zero_grad()
    critic_loss.backward()
    critic_optimizer.step()  # expect: inplace-modified
    generator_optimizer.zero_grad()
    generator_loss.backward()
    generator_optimizer.step()
