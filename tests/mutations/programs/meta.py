"""First-order meta-learning."""

import copy

import torch
from torch import nn

model = nn.Linear(3, 1)
outer = torch.optim.SGD(model.parameters(), lr=0.1)
for task in range(8):
    inner = copy.deepcopy(model)
    fast = torch.optim.SGD(inner.parameters(), lr=0.1)
    for _ in range(3):
        fast.zero_grad()  # mutate: remove -> missing-zero-grad at fast
        inner(torch.randn(4, 3)).square().mean().backward()
        fast.step()  # line: fast
    outer.zero_grad()
    for kept, moved in zip(model.parameters(), inner.parameters(), strict=True):
        kept.grad = kept.detach() - moved.detach()
    outer.step()
