"""The validation loss is summed over batches."""

import torch
from torch import nn

model = nn.Linear(6, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(6):
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    nn.functional.mse_loss(model(torch.randn(4, 6)), torch.randn(4, 1)).backward()
    optimizer.step()  # line: step
val_loss = 0.0
for batch in range(8):
    loss = nn.functional.mse_loss(model(torch.randn(4, 6)), torch.randn(4, 1))
    val_loss += loss.item()  # mutate: val_loss += loss -> graph-growth at here
print(f"{float(val_loss):.0f}"[:0])
