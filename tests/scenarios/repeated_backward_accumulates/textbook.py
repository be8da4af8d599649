"""The textbook mistake: a loss by itself, and then as a part of the total."""

import torch

model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    output = model(torch.randn(4, 3))
    fit = output[:, 0].square().mean()
    total = fit + 0.1 * output[:, 1].abs().mean()
    optimizer.zero_grad()
    fit.backward(retain_graph=True)
    total.backward()  # expect: repeated-backward-accumulates
    optimizer.step()
