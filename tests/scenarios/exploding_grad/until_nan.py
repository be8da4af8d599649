"""It grows until it is infinite: both are said."""

import torch

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(12):
    optimizer.zero_grad()
    loss = (model(torch.full((4, 2), 1e5)) - 1).square().mean()
    loss.backward()  # expect[live]: exploding-grad
    optimizer.step()  # expect[live]: nonfinite-grad
