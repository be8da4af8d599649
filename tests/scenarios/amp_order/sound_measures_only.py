"""clip_grad_norm_ with a limit that cuts nothing, to log the norm."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
norms = []
for number in range(6):
    optimizer.zero_grad()
    scaler.scale(model(torch.randn(4, 3)).square().mean()).backward()
    limit = float("inf") if number % 2 else 1e9
    norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), limit).item() / scaler.get_scale())
    scaler.step(optimizer)
    scaler.update()
