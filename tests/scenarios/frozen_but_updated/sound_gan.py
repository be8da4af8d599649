"""The discriminator is frozen for the generator's loss, and steps by gradients of its own, still frozen."""

import torch

generator, critic = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
first = torch.optim.Adam(generator.parameters(), lr=0.01)
second = torch.optim.Adam(critic.parameters(), lr=0.01, weight_decay=0.1)
for _ in range(6):
    second.zero_grad(set_to_none=False)
    critic.requires_grad_(True)
    fake = generator(torch.randn(4, 2))
    (critic(fake.detach()).mean() - critic(torch.randn(4, 3)).mean()).backward()
    first.zero_grad(set_to_none=False)
    critic.requires_grad_(False)
    (-critic(fake).mean()).backward()
    first.step()
    second.step()
