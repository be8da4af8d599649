"""The textbook mistake: the loss is turned into a number before its backward."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.randn(4, 3)).square().mean().item()  # expect: no-grad-path
    loss = torch.tensor(loss)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
