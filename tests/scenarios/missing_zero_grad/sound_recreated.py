"""A fresh optimizer, fresh model each round: addresses are used again."""

import torch

for _ in range(40):
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()
for _ in range(40):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()
