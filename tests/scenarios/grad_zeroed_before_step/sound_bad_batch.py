"""Batches with values that are not finite are cleared away; the step then does nothing."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for number in range(8):
    optimizer.zero_grad()
    batch = torch.randn(4, 3)
    if number >= 3:
        batch[0] = float("nan")
    model(batch).square().mean().backward()
    if not all(torch.isfinite(parameter.grad).all() for parameter in model.parameters()):
        optimizer.zero_grad()
    optimizer.step()
