"""An update through ``.data`` between two losses of the same weights."""

import torch

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
x = torch.tensor([0.5, -1.0, 2.0])


def losses():
    return (w * x).sum().square(), (w * w).sum()


for _ in range(4):
    fit, decay = losses()
    fit.backward()
    w.data -= 0.01 * w.grad  # expect[live]: stale-graph-backward
    w.grad = None
    decay.backward()
    w.grad = None
