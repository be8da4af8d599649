"""The textbook mistake: a sigmoid saves its result, and the result is written."""

import torch

model = torch.nn.Linear(3, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    gates = torch.sigmoid(model(torch.randn(2, 3)))
    gates += 0.1  # expect: inplace-modified
    loss = gates.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
