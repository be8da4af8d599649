"""A graph grows with every line that computes, and backward uses it up."""

import torch

torch.manual_seed(0)
w = torch.tensor([[3.0, 1.0]], requires_grad=True)
b = torch.tensor([[3.0]], requires_grad=True)
x = torch.randn(10, 2)
y = torch.randn(10, 1)

product = x @ w.t()  # stop: leaves only
y_hat = product + b  # stop: a first product
loss = torch.mean(torch.pow(y_hat - y, 2))  # stop: and a sum
print("loss", loss.item())  # stop: the whole graph

loss.backward()  # stop: about to run backward
print("w.grad", w.grad.tolist())  # stop: its buffers are freed

loss.backward()  # stop: a second time
