"""``.data`` is given new memory: what a graph saved as a view keeps the old values."""

import torch

layer, last = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)
for _ in range(4):
    inputs = torch.randn(4, 3, requires_grad=True)
    first = last(layer(inputs)).square().mean()
    first.backward()
    for weight in (layer.weight, last.weight):
        weight.data = weight.data - 0.1 * weight.grad
        weight.grad = None
