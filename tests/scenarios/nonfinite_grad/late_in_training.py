"""All is well until one batch has nothing to learn from: its mean is 0 / 0, and the whole model is NaN with it."""

import torch

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(12):
    mask = torch.ones(4) if step != 9 else torch.zeros(4)
    optimizer.zero_grad()
    errors = model(torch.ones(4, 2)).squeeze(1) * mask
    loss = errors.square().sum() / mask.sum()  # expect[live]: nonfinite-grad
    loss.backward()
    optimizer.step()
