"""A GAN whose generator losses are kept for a plot; the critic's are numbers."""

import torch

generator = torch.nn.Linear(2, 3)
critic = torch.nn.Linear(3, 1)
g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3)
d_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
curves = {"critic": [], "generator": []}
for _ in range(8):
    fake = generator(torch.ones(4, 2))
    d_loss = critic(fake.detach()).mean() - critic(torch.ones(4, 3)).mean()
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    g_loss = -critic(fake).mean()
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    curves["critic"].append(d_loss.item())
    curves["generator"].append(g_loss)  # expect: graph-growth
