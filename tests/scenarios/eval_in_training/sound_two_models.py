"""A teacher is in evaluation mode all the time, its student is not."""

import copy

import torch
from torch import nn


def build():
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2), nn.Linear(4, 1))


student = build()
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
teacher = None
for iteration in range(7):
    x = torch.randn(4, 3)
    optimizer.zero_grad()
    loss = student(x).square().mean()
    if teacher is not None:
        loss = loss + (student(x) - teacher(x)).square().mean()
    loss.backward()
    optimizer.step()
    if iteration == 2:
        teacher = copy.deepcopy(student).eval()
        for parameter in teacher.parameters():
            parameter.requires_grad_(False)
