"""Hessian-vector products over the gradients that the backward left."""

import torch

w = torch.randn(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
for _ in range(4):
    optimizer.zero_grad()
    (w.pow(4).sum() + w.prod()).backward(create_graph=True)
    rows = [torch.autograd.grad(w.grad[index], w, retain_graph=True)[0] for index in range(3)]
    print(torch.stack(rows).shape)
    w.grad = w.grad.detach()
    optimizer.step()
