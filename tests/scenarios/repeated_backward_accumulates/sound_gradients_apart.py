"""``autograd.grad`` of a part adds to nothing."""

import torch

model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    output = model(torch.randn(4, 3))
    fit, prior = output[:, 0].square().mean(), output[:, 1].square().mean()
    (slope,) = torch.autograd.grad(fit, model.weight, retain_graph=True)
    optimizer.zero_grad()
    (fit + prior / slope.norm().clamp(min=1)).backward()
    optimizer.step()
