"""Fine-tuning with a new head."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
model[2] = nn.Linear(8, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # line: optimizer
pass  # mutate: model[2] = nn.Linear(8, 2) -> param-not-in-optimizer at optimizer
for step in range(6):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.randn(4, 4)), torch.randint(0, 2, (4,))).backward()
    optimizer.step()
