"""The same script as the textbook's, mended: the number is taken beside the loss."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
total = 0.0
for _ in range(4):
    loss = model(torch.randn(4, 3)).square().mean()
    total += loss.item()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
