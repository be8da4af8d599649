"""A small epsilon under the root."""

import torch

model = torch.nn.Linear(3, 2, bias=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    apart = model(torch.zeros(4, 3)).square().sum(-1)
    loss = (apart + 1e-12).sqrt().mean()
    loss.backward()
    optimizer.step()
