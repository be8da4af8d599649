"""A pass for the Fisher information between epochs (EWC): many backwards, all cleared."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)


def backward(x):
    optimizer.zero_grad()
    model(x).square().mean().backward()


fisher = [torch.zeros_like(parameter) for parameter in model.parameters()]
for _ in range(3):
    for _ in range(4):
        backward(torch.randn(4, 3))
        optimizer.step()
    for _ in range(5):
        backward(torch.randn(1, 3))
        for total, parameter in zip(fisher, model.parameters(), strict=True):
            total.add_(parameter.grad.square())
    optimizer.zero_grad()
