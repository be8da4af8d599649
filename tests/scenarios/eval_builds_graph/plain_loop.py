"""The textbook mistake: evaluation mode is taken for no_grad."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
model.eval()
total = 0.0
for _ in range(4):
    output = model(torch.ones(4, 3))  # expect[live]: eval-builds-graph
    total += output.square().mean().item()
print(round(total, 4) >= 0)
