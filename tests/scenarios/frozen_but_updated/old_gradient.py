"""Only what still trains is cleared: the frozen layer keeps its last gradient."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for number in range(5):
    if number == 2:
        for parameter in model[0].parameters():
            parameter.requires_grad = False
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = None
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()  # expect[live]: frozen-but-updated
