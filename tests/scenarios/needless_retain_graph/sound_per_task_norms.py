"""GradNorm: each task's gradient of the shared weights, then the weighted sum."""

import torch

trunk = torch.nn.Linear(3, 3)
heads = torch.nn.ModuleList(torch.nn.Linear(3, 1) for _ in range(3))
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)
for _ in range(4):
    features = trunk(torch.randn(4, 3)).relu()
    losses = [head(features).square().mean() for head in heads]
    norms = [torch.autograd.grad(loss, trunk.weight, retain_graph=True)[0].norm() for loss in losses]
    optimizer.zero_grad()
    sum(loss / norm.clamp(min=0.1) for loss, norm in zip(losses, norms, strict=True)).backward()
    optimizer.step()
