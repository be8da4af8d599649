"""The container is put in evaluation mode; what trains is a module in it."""

import torch
from torch import nn


class System(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2), nn.Linear(4, 1))
        self.metric = nn.L1Loss()

    def training_step(self, x):
        return self.net(x).square().mean()

    def validation_step(self, x):
        return self.metric(self.net(x), torch.zeros(len(x), 1))


system = System()
optimizer = torch.optim.SGD(system.parameters(), lr=0.1)


def fit(steps):
    for step in range(steps):
        optimizer.zero_grad()
        system.training_step(torch.randn(4, 3)).backward()
        optimizer.step()
        if step == 1:
            system.eval()  # expect: eval-in-training
            with torch.no_grad():
                system.validation_step(torch.randn(4, 3))


fit(6)
