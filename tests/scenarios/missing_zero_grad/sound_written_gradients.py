"""Gradients that something else writes: projection, PCGrad, evolution strategies, autograd.grad."""

import torch

model = torch.nn.Linear(3, 1)
parameters = list(model.parameters())
optimizer = torch.optim.SGD(parameters, lr=0.01)
for _ in range(8):  # projected in place after the step, as a gradient memory does
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    for parameter in parameters:
        parameter.grad.copy_(parameter.grad - parameter.grad.mean())
optimizer.zero_grad()
for _ in range(8):  # PCGrad: one backward a task, combined by hand
    gradients = []
    for _task in range(2):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().mean().backward()
        gradients.append([parameter.grad.clone() for parameter in parameters])
    for parameter, *parts in zip(parameters, *gradients, strict=True):
        parameter.grad = sum(parts)
    optimizer.step()
for _ in range(8):  # autograd.grad adds to nothing
    loss = model(torch.randn(4, 3)).square().mean()
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
for _ in range(8):  # evolution strategies: no backward at all
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()
