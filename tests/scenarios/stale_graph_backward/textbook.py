"""The textbook mistake: two losses made before a fused step, one run after it."""

import torch

torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1, fused=True)
for _ in range(4):
    first, second = model(torch.randn(4, 3)).square().mean(), model(torch.randn(4, 3)).abs().mean()
    optimizer.zero_grad()
    first.backward()
    optimizer.step()  # expect[live]: stale-graph-backward
    optimizer.zero_grad()
    second.backward()
    optimizer.step()
