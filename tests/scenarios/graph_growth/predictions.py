"""Predictions are gathered in evaluation mode, with their graphs, and nothing runs them backward."""

import torch

model = torch.nn.Linear(3, 1).eval()
predictions = []
for batch in torch.ones(5, 2, 3):
    predictions.append(model(batch))  # expect[live]: graph-growth
print(len(predictions))
