"""Updates by hand that clear, and inputs whose gradients nobody uses."""

import torch

w = torch.randn(5, requires_grad=True)
for number in range(9):
    loss = (torch.randn(7, 5) @ w - 1).square().mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    if number % 3 == 0:
        w.grad.zero_()
    elif number % 3 == 1:
        w.grad = None
    else:
        w.grad.detach_().zero_()

x = torch.zeros(6, requires_grad=True)  # a fixed buffer that batches are written into
for _ in range(8):
    x.data.copy_(torch.randn(6))
    (x * 2).square().sum().backward()

v = torch.tensor(3.0, requires_grad=True)  # the same graph twice, on purpose
y = (v + 1 - 2 * v) ** 2
for _ in range(2):
    y.backward(retain_graph=True)
print(v.grad)

image = torch.rand(8)
for _ in range(5):  # projected gradient descent on an input
    image = image.detach().requires_grad_()
    (image * torch.arange(8.0)).sin().sum().backward()
    image = image + 0.01 * image.grad.sign()
