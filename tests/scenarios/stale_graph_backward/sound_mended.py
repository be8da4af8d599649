"""The textbook script, mended."""

import torch

torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.1, fused=True)
for _ in range(4):
    first = model(torch.randn(4, 3)).square().mean()
    optimizer.zero_grad()
    first.backward()
    optimizer.step()
    optimizer.zero_grad()
    second = model(torch.randn(4, 3)).abs().mean()
    second.backward()
    optimizer.step()
