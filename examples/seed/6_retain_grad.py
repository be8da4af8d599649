"""retain_grad keeps the gradient of a tensor that is no leaf: loss.grad is 1."""

import torch

x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2 * x
loss = (y1 - y2) ** 2
loss.retain_grad()

loss.backward()  # stop: loss retains its gradient
print("loss.grad", loss.grad.item(), "x.grad", x.grad.item())  # stop: loss.grad is 1
