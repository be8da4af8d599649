"""One batch is an outlier: the norm leaps once and comes back."""

import torch

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(6):
    x = torch.ones(4, 2) * (1e5 if step == 2 else 1.0)
    optimizer.zero_grad()
    (model(x) - 1).square().mean().backward()
    optimizer.step()
