"""The textbook mistake: a deep stack of sigmoids."""

import torch

layers = [module for _ in range(12) for module in (torch.nn.Linear(4, 4), torch.nn.Sigmoid())]
model = torch.nn.Sequential(*layers)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.ones(2, 4)) - 0.2).square().mean()
    loss.backward()  # expect[live]: vanishing-grad
    optimizer.step()
