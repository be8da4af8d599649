"""The scaler sees an overflow, skips the step and lowers the scale."""

import torch

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=1e30)
for step in range(4):
    optimizer.zero_grad()
    loss = model(torch.full((4, 2), 1e5)).square().mean()
    scaler.scale(loss * 1e5).backward()
    scaler.step(optimizer)
    scaler.update()
print(scaler.get_scale() < 1e30)
