"""Gradients add up: 4, then 8, unless something clears them in between."""

import torch

x = torch.tensor(3.0, requires_grad=True)


def run_backward():
    loss = (x + 1 - 2 * x) ** 2
    loss.backward()
    return x.grad.item()


def clear_by_zero():
    x.grad.zero_()


def clear_by_detach():
    x.grad.detach_().zero_()


def clear_by_none():
    x.grad = None


def clear_by_optimizer():
    torch.optim.SGD([x], lr=0.1).zero_grad()


first = run_backward()
second = run_backward()  # stop: x.grad is 4
print("not cleared:", first, "then", second)  # stop: x.grad is 8

for clear in (clear_by_zero, clear_by_detach, clear_by_none, clear_by_optimizer):
    clear()
    gradient = run_backward()  # stop: cleared
    print(f"{clear.__name__}:", gradient)  # stop: x.grad is 4 again
