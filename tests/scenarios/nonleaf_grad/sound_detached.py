"""A cut at a boundary between two halves of a model: the far half reads the gradient of its own leaf."""

import torch

near, far = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*near.parameters(), *far.parameters()], lr=0.1)
for _ in range(4):
    sent = near(torch.randn(2, 3))
    received = sent.detach().requires_grad_()
    optimizer.zero_grad()
    far(received).square().mean().backward()
    sent.backward(received.grad)
    optimizer.step()
