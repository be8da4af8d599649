"""A gradient that is zero almost everywhere."""

import torch

table = torch.nn.Embedding(5000, 4)
optimizer = torch.optim.SGD(table.parameters(), lr=0.1)
for _ in range(3):
    table(torch.tensor([17, 19])).square().sum().backward()
    optimizer.step()  # expect: missing-zero-grad
