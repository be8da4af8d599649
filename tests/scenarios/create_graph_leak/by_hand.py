"""No optimizer: an update by hand under no_grad."""

import torch

w = torch.randn(3, requires_grad=True)
for _ in range(4):
    loss = (w.square() - 1).square().sum()
    loss.backward(create_graph=True)  # expect[live]: create-graph-leak
    with torch.no_grad():
        w -= 0.01 * w.grad
    w.grad = None
