"""An update by hand uses the sum."""

import torch

w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
for _ in range(4):
    loss = w.square().sum()
    loss.backward(retain_graph=True)
    loss.backward()  # expect[live]: repeated-backward-accumulates
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
