"""A gradient penalty that is computed from detached gradients."""

import torch

critic = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(critic.parameters())
for _ in range(4):
    optimizer.zero_grad()
    score = critic(torch.randn(4, 2)).square().mean()
    score.backward(create_graph=True)  # expect[live]: create-graph-leak
    penalty = sum(weight.grad.detach().square().sum() for weight in critic.parameters())
    print(penalty.item() >= 0)
    optimizer.step()
