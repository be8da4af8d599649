"""The last losses are kept for a moving average: a bounded window."""

from collections import deque

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
window: deque[torch.Tensor] = deque(maxlen=8)
for _ in range(12):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
    window.append(loss)
print(f"{torch.stack(list(window)).mean().item():.2f}")
