"""Log of zero in a branch that is masked before the logarithm is taken."""

import torch

scale = torch.nn.Parameter(torch.tensor([1.0, 0.0, 2.0]))
optimizer = torch.optim.SGD([scale], lr=0.01)
for _ in range(4):
    optimizer.zero_grad()
    positive = scale > 0
    filled = torch.where(positive, scale, torch.ones_like(scale))
    loss = filled.log().sum() + (scale.exp() / scale.exp().sum()).sum()
    loss.backward()
    optimizer.step()
