"""What flows along each edge, seen by hooks: y2 receives 4, y1 receives -4, x adds both up to 4."""

from functools import partial

import torch


def show(name, gradient):
    print(f"{name} receives {gradient.item()}")


x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2 * x
loss = (y1 - y2) ** 2

y1.register_hook(partial(show, "y1"))
y2.register_hook(partial(show, "y2"))

loss.backward()  # stop: two hooks wait
print("x.grad", x.grad.item())  # stop: gradients flowed
