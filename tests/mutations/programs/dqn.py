"""A value network with a target network."""

import copy

import torch
from torch import nn

online = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
target = copy.deepcopy(online)
optimizer = torch.optim.Adam(online.parameters(), lr=0.01)
curve = []
for step in range(9):
    state, after, reward = torch.randn(6, 3), torch.randn(6, 3), torch.randn(6)
    with torch.no_grad():
        goal = reward + 0.9 * target(after).max(1).values
    loss = nn.functional.mse_loss(online(state).max(1).values, goal)
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()  # mutate: loss.backward(retain_graph=True) -> needless-retain-graph at here
    optimizer.step()  # line: step
    curve.append(float(loss))  # mutate: curve.append(loss) -> graph-growth at here
    if step % 3 == 2:
        target.load_state_dict(online.state_dict())
