"""Different losses over one trunk add up as they should."""

import torch

trunk, heads = torch.nn.Linear(3, 3), torch.nn.ModuleList(torch.nn.Linear(3, 1) for _ in range(3))
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)
for _ in range(4):
    features = trunk(torch.randn(4, 3)).tanh()
    optimizer.zero_grad()
    for index, head in enumerate(heads):
        head(features).square().mean().backward(retain_graph=index < 2)
    optimizer.step()
