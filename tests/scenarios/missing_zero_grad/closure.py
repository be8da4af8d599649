"""A closure that does not clear."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def closure():
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()  # expect: missing-zero-grad
    return loss


for _ in range(3):
    optimizer.step(closure)
