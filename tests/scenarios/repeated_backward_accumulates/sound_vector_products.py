"""Rows of a Jacobian summed up on purpose: each call brings its gradient."""

import torch

w = torch.nn.Parameter(torch.randn(3))
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    output = w.square()
    optimizer.zero_grad()
    for row in torch.eye(3):
        output.backward(row, retain_graph=True)
    optimizer.step()
