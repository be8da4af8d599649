"""The loss is scaled, and the optimizer steps by itself."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu")
for _ in range(4):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3)).square().mean()
    scaler.scale(loss).backward()
    optimizer.step()  # expect: amp-order
