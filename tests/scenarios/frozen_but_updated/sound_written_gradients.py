"""Zeroth-order steps: parameters that need no gradient get one by hand for each step."""

import torch

model = torch.nn.Linear(3, 1).requires_grad_(False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
x = torch.randn(16, 3)
for _ in range(8):
    for parameter in model.parameters():
        noise = torch.randn_like(parameter)
        parameter.add_(0.01 * noise)
        up = model(x).square().mean()
        parameter.sub_(0.02 * noise)
        down = model(x).square().mean()
        parameter.add_(0.01 * noise)
        parameter.grad = (up - down) / 0.02 * noise
    optimizer.step()
