"""The textbook mistake: a weight is scaled after it was told to require a gradient."""

import torch

w = torch.randn(3, 1, requires_grad=True) * 0.1  # expect: leaf-lost
for _ in range(4):
    loss = (torch.randn(4, 3) @ w).square().mean()
    loss.backward(retain_graph=True)
    try:
        w.data -= 0.1 * w.grad
    except TypeError as error:
        print(error)
