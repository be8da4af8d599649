"""Retained, separate, detached, or nothing saved: none of these raises."""

import torch

x = torch.ones(3, requires_grad=True)
y = (x * x).sum()
y.backward(retain_graph=True)
y.backward()
first, second = (x * 2).sum(), (x * 3).square().sum()
first.backward()
second.backward()
z = (x + 1).sum()  # saves nothing
z.backward()
z.backward()
hidden = torch.zeros(3)
for _ in range(3):
    hidden = (hidden.detach() + x).tanh()
    hidden.sum().backward()
print(x.grad)
