"""A learning rate that a scheduler's factor made vanish in single precision."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
with torch.no_grad():
    for parameter in model.parameters():
        parameter.add_(2.0)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1e-10)
for _ in range(11):
    optimizer.zero_grad()
    (model(torch.randn(4, 3)) - 1).square().mean().backward()
    optimizer.step()  # expect[live]: step-updates-nothing
    scheduler.step()
