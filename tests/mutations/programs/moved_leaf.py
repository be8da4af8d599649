"""A leaf that is optimized by itself."""

import torch

target = torch.randn(4)
point = torch.randn(4, dtype=torch.float64).float().requires_grad_()  # mutate: point = torch.randn(4, dtype=torch.float64, requires_grad=True).float() -> leaf-lost at here
optimizer = torch.optim.SGD([point], lr=0.1)
for step in range(6):
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss = (point - target).square().sum()
    loss.backward()
    optimizer.step()  # line: step
