"""Averaged weights are swapped in for an evaluation and out again before the backward."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
average = [weight.detach().clone() for weight in model.parameters()]
for _ in range(4):
    first = model(torch.randn(4, 3)).square().mean()
    second = model(torch.randn(4, 3)).abs().mean()
    optimizer.zero_grad()
    first.backward()
    own = [weight.detach().clone() for weight in model.parameters()]
    for weight, mean in zip(model.parameters(), average, strict=True):
        weight.data.copy_(mean)
    with torch.no_grad():
        print(model(torch.zeros(1, 3)).shape)
    for weight, mean in zip(model.parameters(), own, strict=True):
        weight.data.copy_(mean)
    second.backward()
    optimizer.step()
    for mean, weight in zip(average, model.parameters(), strict=True):
        mean.lerp_(weight.detach(), 0.1)
