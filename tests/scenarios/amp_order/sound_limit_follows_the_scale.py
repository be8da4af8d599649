"""The limit is multiplied by the scale, in the call and before it."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", growth_interval=2)
for number in range(6):
    optimizer.zero_grad()
    scaler.scale(model(torch.randn(4, 3)).square().mean()).backward()
    if number % 2:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1 * scaler.get_scale())
    else:
        limit = 0.1 * scaler.get_scale()
        torch.nn.utils.clip_grad_norm_(model.parameters(), limit)
    scaler.step(optimizer)
    scaler.update()
