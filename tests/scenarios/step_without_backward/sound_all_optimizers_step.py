"""Every optimizer steps each time, though a task trains one head only; the others have no gradient."""

import torch

trunk = torch.nn.Linear(3, 4)
heads = torch.nn.ModuleList(torch.nn.Linear(4, 1) for _ in range(3))
optimizers = [torch.optim.Adam(trunk.parameters(), lr=0.01)]
optimizers += [torch.optim.Adam(head.parameters(), lr=0.01) for head in heads]
for number in range(10):
    for optimizer in optimizers:
        optimizer.zero_grad()
    task = min(number // 4, 2)
    heads[task](trunk(torch.randn(4, 3)).tanh()).square().mean().backward()
    for optimizer in optimizers:
        optimizer.step()
