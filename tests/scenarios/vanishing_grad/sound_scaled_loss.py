"""A loss scaled for bfloat16 and unscaled by hand: everything is small for a moment, in each layer alike."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 4), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
scale = 1e-9
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.ones(3, 4)) - 1).square().mean()
    (loss * scale).backward()
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(scale)
    optimizer.step()
