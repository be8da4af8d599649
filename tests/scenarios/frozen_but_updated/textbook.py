"""The textbook script of four iterations: frozen in the second, and cleared to zeros, momentum goes on."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for number in range(4):
    optimizer.zero_grad(set_to_none=False)
    if number == 1:
        model[0].requires_grad_(False)
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward()
    optimizer.step()  # expect: frozen-but-updated
