"""Accumulation over four parts, each of which clears what the parts before it left."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    for part in torch.randn(4, 2, 3):
        optimizer.zero_grad()  # expect: grad-zeroed-before-step
        loss = model(part).square().mean() / 4
        loss.backward()
    optimizer.step()
