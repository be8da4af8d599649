"""Two optimizers over the same parameters, each with its own loss."""

import torch

trunk = torch.nn.Linear(3, 3)
heads = torch.nn.ModuleList([torch.nn.Linear(3, 1), torch.nn.Linear(3, 2)])
first = torch.optim.SGD([*trunk.parameters(), *heads[0].parameters()], lr=0.1)
second = torch.optim.SGD([*trunk.parameters(), *heads[1].parameters()], lr=0.1)
for _ in range(8):
    x = torch.randn(4, 3)
    first.zero_grad()
    heads[0](trunk(x)).square().mean().backward()
    first.step()
    second.zero_grad()
    heads[1](trunk(x)).square().mean().backward()
    second.step()
for _ in range(8):
    x = torch.randn(4, 3)
    first.zero_grad()
    second.zero_grad()
    sum(head(trunk(x)).square().mean() for head in heads).backward()
    first.step()
    second.step()
