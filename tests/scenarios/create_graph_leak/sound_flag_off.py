"""Second order is switched off: the argument is there, its value is False."""

import torch

second_order = False
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward(create_graph=second_order)
    optimizer.step()
