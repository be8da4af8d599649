"""A probe of whether an operation may be done in place; the program expects the error."""

import torch


def works_in_place(operation):
    x = torch.ones(3, requires_grad=True)
    y = torch.exp(x)
    operation(y)
    try:
        y.sum().backward()
    except RuntimeError:
        return False
    return True


for _ in range(4):
    print(works_in_place(lambda y: y.mul_(2)), works_in_place(lambda y: y.unsqueeze_(0)))
