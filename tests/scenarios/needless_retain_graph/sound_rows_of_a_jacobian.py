"""A Jacobian row by row, of functions that happen to have a single row."""

import torch


def jacobian(function, point):
    point = point.clone().requires_grad_()
    value = function(point)
    rows = [torch.autograd.grad(value[index], point, retain_graph=True)[0] for index in range(len(value))]
    return torch.stack(rows)


def total_gradient(losses, weight):
    for loss in losses:
        loss.backward(retain_graph=True)
    return weight.grad


weight = torch.randn(3, requires_grad=True)
for _ in range(4):
    print(jacobian(lambda point: point.square().sum(dim=0, keepdim=True), torch.randn(3)).shape)
    print(total_gradient([weight.exp().sum()], weight).shape)
    weight.grad = None
