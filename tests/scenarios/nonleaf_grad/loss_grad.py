"""The gradient of the loss itself is printed, in a comprehension, to see whether it is one."""

import torch

model = torch.nn.Linear(2, 2)
losses = [model(torch.ones(1, 2)).sum() for _ in range(4)]
torch.stack(losses).sum().backward()
print([loss.grad for loss in losses])  # expect: nonleaf-grad
