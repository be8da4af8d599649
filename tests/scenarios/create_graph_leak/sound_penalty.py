"""WGAN-GP: the gradient's norm is part of the loss."""

import torch

critic = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(critic.parameters())
for _ in range(4):
    x = torch.randn(4, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    optimizer.zero_grad()
    (critic(x).mean() + 10 * (slope.norm(dim=1) - 1).square().mean()).backward()
    optimizer.step()
