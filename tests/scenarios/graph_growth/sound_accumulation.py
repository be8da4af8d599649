"""Losses of micro-batches are kept until the step that uses their gradients."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(4):
    optimizer.zero_grad()
    parts = []
    for _ in range(8):
        loss = model(torch.ones(4, 3)).square().mean() / 8
        loss.backward()
        parts.append(loss)
    optimizer.step()
    print(f"{sum(parts).item():.2f}")
