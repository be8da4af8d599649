"""Losses that one operation gave are roots of their own, though they share its node."""

import torch

model = torch.nn.Linear(3, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    losses = model(torch.randn(4, 3)).square().mean(dim=0).unbind()
    for index, loss in enumerate(losses):
        loss.backward(retain_graph=index < 2)
    optimizer.step()
