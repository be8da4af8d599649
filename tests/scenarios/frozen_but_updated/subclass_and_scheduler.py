"""A user's subclass, a scheduler that wraps its step, and a frozen bias with its old gradient."""

import torch


class Mine(torch.optim.SGD):
    def step(self, closure=None):
        return super().step(closure)


model = torch.nn.Linear(3, 2)
optimizer = Mine(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
for _ in range(4):
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()  # expect[live]: frozen-but-updated
    scheduler.step()
    model.weight.grad = None
    model.bias.requires_grad_(False)
