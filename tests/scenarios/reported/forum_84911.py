"""All but the norms is frozen, and the optimizer holds the head only (discuss.pytorch.org 84911)."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 4, 3)
        self.bn = nn.BatchNorm1d(4)
        self.fc = nn.Linear(4 * 6, 3)

    def forward(self, x):
        return self.fc(self.bn(self.conv(x)).relu().flatten(1))


model = Net()
for name, parameter in model.named_parameters():
    if "bn" not in name:
        parameter.requires_grad = False
for parameter in model.fc.parameters():
    parameter.requires_grad = False

optimizer = torch.optim.Adam(model.fc.parameters(), lr=0.001)
model.train()
for step in range(5):
    x, y = torch.randn(4, 1, 8), torch.randint(0, 3, (4,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()  # expect[live]: no-grad-path
    optimizer.step()
