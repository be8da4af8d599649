"""A total that grows over batches is run at each of them."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
total = torch.zeros(())
for _ in range(4):
    total = total + model(torch.randn(4, 3)).square().mean()
    optimizer.zero_grad()
    total.backward()  # expect: double-backward
    optimizer.step()
