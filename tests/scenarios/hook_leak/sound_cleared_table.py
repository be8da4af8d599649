"""Hooks are taken out by emptying the module's own table, as older code does."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
count = []
for _ in range(6):
    model._forward_hooks.clear()
    model.register_forward_hook(lambda module, inputs, output: count.append(1))
    optimizer.zero_grad()
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()
print(len(count))
