"""Closures clear before each of several backwards of one step."""

import torch

model = torch.nn.Linear(3, 1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for optimizer in (
    torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4),
    torch.optim.SGD(model.parameters(), lr=0.1),
):

    def closure(optimizer=optimizer):
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
