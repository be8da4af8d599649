"""Saved tensors may be changed: PyTorch keeps a copy."""

import torch

model = torch.nn.Linear(3, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        gates = torch.sigmoid(model(torch.randn(2, 3)))
        loss = gates.square().mean()
        gates.mul_(2.0)
        optimizer.zero_grad()
        loss.backward()
    optimizer.step()
