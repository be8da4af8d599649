"""Gradients are divided by hand, clipped, and used by the optimizer's own step."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for number in range(6):
    optimizer.zero_grad()
    scaler.scale(model(torch.randn(4, 3)).square().mean()).backward()
    for parameter in model.parameters():
        if number % 2:
            parameter.grad.div_(scaler.get_scale())
        else:
            parameter.grad = parameter.grad / scaler.get_scale()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
