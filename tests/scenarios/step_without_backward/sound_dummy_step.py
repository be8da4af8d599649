"""A dummy step before the scheduler, so that it does not warn; then a warm-up step without data."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
optimizer.step()
scheduler.step()
optimizer.step()
for _ in range(4):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    scheduler.step()
