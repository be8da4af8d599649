"""The generator's loss fills the discriminator, which is cleared before its own turn; both orders, one helper."""

import torch

generator, critic = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
first = torch.optim.Adam(generator.parameters(), lr=0.01)
second = torch.optim.Adam(critic.parameters(), lr=0.01)


def run(loss):
    loss.backward()


for together in (False, True):
    for _ in range(9):
        fake = generator(torch.randn(4, 2))
        first.zero_grad()
        run(-critic(fake).mean())
        if not together:
            first.step()
        second.zero_grad()
        run(critic(fake.detach()).mean() - critic(torch.randn(4, 3)).mean())
        if together:
            first.step()
        second.step()
