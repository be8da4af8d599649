"""A step is skipped when the gradients are not finite."""

import torch

model = torch.nn.Linear(3, 2, bias=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
skipped = 0
for _ in range(4):
    optimizer.zero_grad()
    loss = model(torch.zeros(4, 3)).square().sum(-1).sqrt().mean()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    if torch.isfinite(norm):
        optimizer.step()
    else:
        skipped += 1
print(skipped)
