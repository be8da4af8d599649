"""update() comes before the step."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for _ in range(2):
    optimizer.zero_grad()
    scaler.scale(model(torch.randn(4, 3)).square().mean()).backward()
    scaler.update()  # expect: amp-order
    scaler.step(optimizer)
