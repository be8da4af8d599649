"""bfloat16 parameters and a small learning rate: each change is rounded away."""

import torch

model = torch.nn.Linear(8, 1, bias=False).to(torch.bfloat16)
torch.nn.init.constant_(model.weight, 0.5)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)


def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(torch.ones(4, 8, dtype=torch.bfloat16)).square().mean()
        loss.backward()
        optimizer.step()  # expect[live]: step-updates-nothing


train(12)
