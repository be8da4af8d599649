"""The optimizer holds copies in full precision, which are written back after each step."""

import torch
from torch import nn

model = nn.Linear(3, 1).to(torch.bfloat16)
masters = [parameter.detach().float().clone().requires_grad_() for parameter in model.parameters()]
optimizer = torch.optim.SGD(masters, lr=0.5)
for _ in range(5):
    model.zero_grad()
    model(torch.randn(4, 3).to(torch.bfloat16)).square().mean().backward()
    for master, parameter in zip(masters, model.parameters(), strict=True):
        master.grad = parameter.grad.float()
    optimizer.step()
    with torch.no_grad():
        for master, parameter in zip(masters, model.parameters(), strict=True):
            parameter.copy_(master)
