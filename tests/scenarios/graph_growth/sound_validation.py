"""Validation under ``no_grad``, and saliency that is run backward at once."""

import torch

model = torch.nn.Linear(3, 1)
model.eval()
total = torch.zeros(())
with torch.no_grad():
    for batch in torch.ones(8, 2, 3):
        total += model(batch).mean()
maps = []
for batch in torch.ones(8, 2, 3):
    x = batch.clone().requires_grad_()
    model(x).sum().backward()
    maps.append(x.grad)
