"""REINFORCE with a baseline."""

import torch
from torch import nn

policy = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)
for episode in range(8):
    kept = []
    for move in range(5):
        choice = torch.distributions.Categorical(logits=policy(torch.randn(3)))
        action = choice.sample()
        kept.append(choice.log_prob(action))
    loss = -torch.stack(kept).sum()
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()
    optimizer.step()  # line: step
