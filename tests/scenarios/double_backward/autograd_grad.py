"""``autograd.grad`` frees as well."""

import torch

x = torch.ones(3, requires_grad=True)
y = (x * x).sum()
print(torch.autograd.grad(y, x))
try:
    print(torch.autograd.grad(y, x))  # expect: double-backward
except RuntimeError as error:
    reason = "cannot go on"
    raise ValueError(reason) from error
