"""Several backwards on purpose, one step a group."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for number in range(24):
    loss = model(torch.randn(4, 3)).square().mean() / 4
    loss.backward()
    if number % 4 == 3:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
