"""The loss jumps about: nothing clears the gradients (stackoverflow.com 60335387)."""

import torch
from torch import nn

model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def train(epochs):
    for epoch in range(epochs):
        running = 0.0
        for batch in range(3):
            images, labels = torch.randn(4, 1, 4, 4), torch.randint(0, 2, (4,))
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()  # expect: missing-zero-grad
            running += loss.item()


train(2)
