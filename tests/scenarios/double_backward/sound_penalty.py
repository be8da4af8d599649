"""``create_graph`` keeps the graph that the second call needs."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    x = torch.randn(4, 3, requires_grad=True)
    output = model(x).sum()
    (slope,) = torch.autograd.grad(output, x, create_graph=True)
    optimizer.zero_grad()
    (output + slope.square().sum()).backward()
    optimizer.step()
