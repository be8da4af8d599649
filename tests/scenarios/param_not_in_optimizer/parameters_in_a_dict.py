"""Plain Parameters in a dict, as scales for each task."""

import torch
from torch import nn


class MultiTask(nn.Module):
    def __init__(self, tasks):
        super().__init__()
        self.body = nn.Linear(3, 1)
        self.scales = {task: nn.Parameter(torch.ones(1)) for task in tasks}

    def forward(self, x):
        return {task: self.body(x) * scale for task, scale in self.scales.items()}


model = MultiTask(["depth", "normals"])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # expect: param-not-in-optimizer
for _ in range(4):
    outputs = model(torch.randn(2, 3))
    optimizer.zero_grad()
    sum(output.square().mean() for output in outputs.values()).backward()
    optimizer.step()
