"""Double backward through ``.grad`` itself, which is cleared afterwards."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(4):
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward(create_graph=True)
    penalty = sum(weight.grad.square().sum() for weight in model.parameters())
    optimizer.zero_grad()
    penalty.backward()
    optimizer.step()
    optimizer.zero_grad()
