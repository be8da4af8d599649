"""Gradients of hidden values by tensor hooks and by autograd.grad."""

import torch

first, second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
seen = {}
for _ in range(4):
    hidden = torch.tanh(first(torch.randn(2, 3)))
    hidden.register_hook(lambda grad: seen.update(hidden=grad.norm()))
    loss = second(hidden).square().mean()
    (gradient,) = torch.autograd.grad(loss, hidden, retain_graph=True)
    loss.backward()
    print(gradient.norm(), seen["hidden"])
