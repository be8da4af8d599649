"""Graphs that share nothing are kept for the sum that comes after all of them."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    losses, hardest = [], []
    for sample in torch.randn(8, 3):
        optimizer.zero_grad()
        loss = model(sample).square().mean()
        loss.backward(retain_graph=True)
        hardest.append(model.weight.grad.norm().item())
        losses.append(loss)
    chosen = sorted(range(8), key=hardest.__getitem__)[4:]
    optimizer.zero_grad()
    torch.stack([losses[index] for index in chosen]).mean().backward()
    optimizer.step()
