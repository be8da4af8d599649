"""A penalty on what the critic says of generated images, read from their .grad."""

import torch


class Gan:
    def __init__(self):
        self.generator = torch.nn.Linear(2, 4)
        self.critic = torch.nn.Linear(4, 1).requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.generator.parameters(), lr=0.01)

    def step(self):
        self.fake = self.generator(torch.randn(8, 2))
        loss = -self.critic(self.fake).mean()
        self.optimizer.zero_grad()
        loss.backward()
        pull = self.fake.grad  # expect: nonleaf-grad
        self.optimizer.step()
        return pull


gan = Gan()
for _ in range(4):
    print(gan.step())
