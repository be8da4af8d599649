"""A regulariser uses the graph at each eighth step only."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(1, 9):
    inputs = torch.randn(4, 3, requires_grad=True)
    output = model(inputs)
    optimizer.zero_grad()
    output.square().mean().backward(retain_graph=True)
    if step % 8 == 0:
        (slope,) = torch.autograd.grad(output.sum(), inputs, create_graph=True)
        (0.1 * slope.square().sum()).backward()
    optimizer.step()
