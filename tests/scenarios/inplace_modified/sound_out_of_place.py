"""The same script as the textbook's, mended: a new tensor is made."""

import torch

model = torch.nn.Linear(3, 4)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    gates = torch.sigmoid(model(torch.randn(2, 3)))
    gates = gates + 0.1
    loss = gates.square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
