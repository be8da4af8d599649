"""Epochs of training and validation."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(5):
    model.train()  # mutate: remove -> eval-in-training at eval
    for step in range(3):
        x, y = torch.randn(8, 6), torch.randn(8, 1)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    model.eval()  # line: eval
    with torch.no_grad():  # mutate: with torch.enable_grad(): -> eval-builds-graph at forward
        error = nn.functional.mse_loss(model(torch.randn(8, 6)), torch.randn(8, 1))  # line: forward
