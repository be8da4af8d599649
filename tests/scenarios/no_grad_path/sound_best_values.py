"""The best of several values, by the names that torch's tuples have."""

import torch
from torch import nn

online, target = nn.Linear(3, 4), nn.Linear(3, 4)
optimizer = torch.optim.Adam(online.parameters(), lr=0.01)
for step in range(4):
    state, after, reward = torch.randn(6, 3), torch.randn(6, 3), torch.randn(6)
    with torch.no_grad():
        goal = reward + 0.9 * target(after).max(1).values
    loss = nn.functional.mse_loss(online(state).max(1).values, goal)
    loss = loss + torch.linalg.qr(online.weight).R.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
