"""Two halves train by turns: the other one is frozen and cleared to None when its turn ends."""

import torch

halves = torch.nn.ModuleList([torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)])
optimizer = torch.optim.SGD(halves.parameters(), lr=0.1, momentum=0.9)
for number in range(8):
    active = halves[number % 2]
    for half in halves:
        half.requires_grad_(half is active)
        if half is not active:
            half.zero_grad()
    halves[1](halves[0](torch.randn(4, 3))).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
