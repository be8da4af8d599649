"""A closure that returns the loss and forgets the backward."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(4, 3)


def closure():
    optimizer.zero_grad()
    return model(x).square().mean()


for _ in range(4):
    optimizer.step(closure)  # expect: step-without-backward
