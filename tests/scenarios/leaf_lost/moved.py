"""A parameter is moved to another dtype, as one moves it to a device, and given to an optimizer."""

import torch


def make_parameters(dtype):
    weight = torch.randn(3, 1, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True, dtype=dtype)
    weight = weight.to(dtype)  # expect: leaf-lost
    return weight, bias


weight, bias = make_parameters(torch.float64)
optimizer = torch.optim.SGD([weight, bias], lr=0.1)
for _ in range(4):
    loss = (torch.randn(4, 3, dtype=torch.float64) @ weight + bias).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
