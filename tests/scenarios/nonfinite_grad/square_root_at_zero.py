"""The textbook mistake: a distance of zero, whose square root has an infinite slope."""

import torch

model = torch.nn.Linear(3, 2, bias=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    apart = model(torch.zeros(4, 3)).square().sum(-1)
    loss = apart.sqrt().mean()  # expect[live]: nonfinite-grad
    loss.backward()
    optimizer.step()
