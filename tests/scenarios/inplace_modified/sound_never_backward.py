"""Logits kept for statistics are rounded in place, after the loss was computed from a clone and run backward."""

import torch

model = torch.nn.Linear(3, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
history = []
for _ in range(4):
    probabilities = torch.softmax(model(torch.randn(2, 3)), dim=-1)
    loss = -probabilities.clone().log()[:, 0].mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    kept = torch.softmax(model(torch.randn(2, 3)), dim=-1)
    kept.round_()
    history.append(kept.detach().sum().item())
