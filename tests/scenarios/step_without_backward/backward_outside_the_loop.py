"""One backward before the loop: every step moves along the same old gradient."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
model(torch.randn(4, 3)).square().mean().backward()
for _ in range(5):
    optimizer.step()  # expect[live]: step-without-backward
