"""The sum begins anew with each epoch; within one it keeps the graph of every batch."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(2):
    epoch_loss = 0
    for batch in torch.ones(8, 2, 3):
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()
        epoch_loss = epoch_loss + loss * len(batch)  # expect: graph-growth
    print(epoch, f"{epoch_loss.item():.1f}")
