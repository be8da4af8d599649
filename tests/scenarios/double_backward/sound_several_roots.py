"""Several roots in one call share a graph, which runs once."""

import torch

trunk, heads = torch.nn.Linear(3, 3), torch.nn.ModuleList(torch.nn.Linear(3, 1) for _ in range(3))
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)
for _ in range(4):
    features = trunk(torch.randn(4, 3)).tanh()
    optimizer.zero_grad()
    torch.autograd.backward([head(features).square().mean() for head in heads])
    optimizer.step()
