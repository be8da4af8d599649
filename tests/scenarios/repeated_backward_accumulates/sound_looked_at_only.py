"""A landscape: the same loss is run again and again, and nobody steps on the sum."""

import torch

w = torch.nn.Parameter(torch.randn(3))
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    loss = w.square().sum()
    loss.backward(retain_graph=True)
    loss.backward()
    print(w.grad.shape)
    optimizer.zero_grad()
    w.exp().sum().backward()
    optimizer.step()
    optimizer.zero_grad()
