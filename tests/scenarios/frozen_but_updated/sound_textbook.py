"""The same, cleared to None: the optimizer passes over what has no gradient."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for number in range(4):
    optimizer.zero_grad()
    if number == 1:
        model[0].requires_grad_(False)
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
