"""The textbook mistake: each step overshoots by more than the last."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e3)
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.ones(4, 3)) - 1).square().mean()
    loss.backward()  # expect[live]: exploding-grad
    optimizer.step()
