"""Gradients of each sample, clipped one by one and summed up by hand (differential privacy)."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(5):
    sums = [torch.zeros_like(parameter) for parameter in model.parameters()]
    for sample in torch.randn(4, 3):
        model.zero_grad()
        model(sample).square().sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for total, parameter in zip(sums, model.parameters(), strict=True):
            total.add_(parameter.grad)
    for total, parameter in zip(sums, model.parameters(), strict=True):
        parameter.grad = total / 4
    optimizer.step()
    optimizer.zero_grad()
