"""A classifier over minibatches."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
total = 0.0
for step in range(8):
    x, y = torch.randn(4, 6), torch.randint(0, 3, (4,))
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss = criterion(model(x), y)
    loss.backward()  # mutate: loss.backward(retain_graph=True) -> needless-retain-graph at here
    optimizer.step()  # line: step
    total += loss.item()  # mutate: total += loss -> graph-growth at here
