"""The textbook script of four iterations, with zero_grad between backward and step."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward()
    optimizer.zero_grad()  # expect: grad-zeroed-before-step
    optimizer.step()
