"""An update written through numpy, which shares the memory and no version."""

import torch

layer = torch.nn.Linear(3, 1)
values = layer.weight.detach().numpy()
for _ in range(4):
    inputs = torch.randn(4, 3, requires_grad=True)
    first = layer(inputs).square().mean()
    second = layer(inputs).abs().mean()
    first.backward()
    values -= 0.1 * layer.weight.grad.numpy()
    layer.weight.grad = None
    second.backward()  # expect[live]: stale-graph-backward
    layer.weight.grad = None
