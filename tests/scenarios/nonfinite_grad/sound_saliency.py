"""Gradients of inputs may be infinite: no step uses them."""

import torch

model = torch.nn.Linear(3, 1)
for _ in range(4):
    x = torch.zeros(2, 3, requires_grad=True)
    score = model(x).sum() + x.norm(dim=1).sqrt().sum()
    score.backward()
    print(bool(torch.isfinite(x.grad).all()))
