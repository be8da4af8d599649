"""The norm grows from nothing as training begins, and stays small."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
torch.nn.init.zeros_(model[2].weight)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 5))
for step in range(6):
    optimizer.zero_grad()
    (model(torch.ones(4, 2)) - step).square().mean().backward()
    optimizer.step()
    schedule.step()
