"""With a GradScaler, whose ``step`` calls the optimizer's."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
for _ in range(3):
    loss = model(torch.randn(4, 3)).square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)  # expect: missing-zero-grad
    scaler.update()
