"""Two layers whose gradients differ because the data does: no chain that anything vanishes on."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.full((2, 3), 1e-7)) * 1e3 - 1).square().mean()
    loss.backward()
    optimizer.step()
