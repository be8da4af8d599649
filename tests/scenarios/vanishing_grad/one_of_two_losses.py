"""Of a GAN's two networks the discriminator is a deep stack of tanh units with large weights."""

import torch

generator = torch.nn.Linear(2, 4)
deep = [module for _ in range(6) for module in (torch.nn.Linear(4, 4), torch.nn.Tanh())]
critic = torch.nn.Sequential(*deep, torch.nn.Linear(4, 1))
with torch.no_grad():
    for parameter in critic[:-1].parameters():
        parameter.fill_(1.0)
g_optimizer = torch.optim.SGD(generator.parameters(), lr=0.0)
d_optimizer = torch.optim.SGD(critic.parameters(), lr=0.0)
for _ in range(4):
    fake = generator(torch.ones(3, 2)).detach()
    d_optimizer.zero_grad()
    d_loss = (critic(torch.ones(3, 4)) - 1).square().mean() + critic(fake).square().mean()
    d_loss.backward()  # expect[live]: vanishing-grad
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = generator(torch.ones(3, 2)).square().mean()
    g_loss.backward()
    g_optimizer.step()
