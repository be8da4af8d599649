"""A callback puts the weights back inside the step: what was meant for a trial run is never taken out."""

import torch
from torch import nn


class Trial(torch.optim.SGD):
    """Looks what a step would do, then undoes it."""

    @torch.no_grad()
    def step(self, closure=None):
        held = [parameter for group in self.param_groups for parameter in group["params"]]
        before = [parameter.detach().clone() for parameter in held]
        loss = super().step(closure)
        self.moved = sum((parameter - old).norm() for parameter, old in zip(held, before))
        for parameter, old in zip(held, before):
            parameter.copy_(old)
        return loss


model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = Trial(model.parameters(), lr=0.1)
for epoch in range(12):
    optimizer.zero_grad()
    loss = (model(torch.randn(8, 4)) - 1).square().mean()
    loss.backward()
    optimizer.step()  # expect[live]: step-updates-nothing
