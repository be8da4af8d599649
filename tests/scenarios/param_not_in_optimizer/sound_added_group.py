"""What comes later is given to the optimizer as a group of its own."""

import torch
from torch import nn


class Grows(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


model = Grows()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for iteration in range(6):
    if iteration == 2:
        model.layers.append(nn.Linear(3, 3))
        optimizer.add_param_group({"params": model.layers[-1].parameters()})
    optimizer.zero_grad()
    model(torch.randn(2, 3)).square().mean().backward()
    optimizer.step()
