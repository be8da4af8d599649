"""The textbook mistake: gradients are never cleared."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()  # expect: missing-zero-grad
