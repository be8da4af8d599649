"""Which tensors keep their gradient: leaves that require one, and nobody else."""

import torch

x = torch.tensor(3.0, requires_grad=True)  # a leaf: made by the user
y1 = x + 1  # computed from x: no leaf
y2 = 2 * x
loss = (y1 - y2) ** 2

loss.backward()
for name, tensor in (("x", x), ("y1", y1), ("y2", y2), ("loss", loss)):  # stop: only x has a gradient
    print(f"{name:5} leaf {tensor.is_leaf!s:6} requires_grad {tensor.requires_grad}")
