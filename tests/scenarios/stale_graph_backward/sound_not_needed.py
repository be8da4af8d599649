"""The graph adds the parameter, and so saved none of it."""

import torch

bias = torch.nn.Parameter(torch.zeros(3))
optimizer = torch.optim.SGD([bias], lr=0.1, fused=True)
for _ in range(4):
    first, second = (bias + torch.randn(3)).sum(), (bias * torch.randn(3)).sum()
    optimizer.zero_grad()
    first.backward()
    optimizer.step()
    optimizer.zero_grad()
    second.backward()
    optimizer.step()
