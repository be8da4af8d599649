"""Backwards on leaves for their own sake: a first lesson, and a vector of ones through a cut between two halves."""

import torch

x = torch.tensor(3.0, requires_grad=True)
x.backward()
print(x.grad)
near, far = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*near.parameters(), *far.parameters()], lr=0.1)
for _ in range(4):
    sent = near(torch.randn(2, 3))
    received = sent.detach().requires_grad_()
    loss = far(received).square().mean()
    optimizer.zero_grad()
    loss.backward()
    sent.backward(received.grad)
    optimizer.step()
