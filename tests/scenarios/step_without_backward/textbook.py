"""The textbook script of four iterations, its backward forgotten."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3)).square().mean()
    optimizer.step()  # expect: step-without-backward
