"""A hook on the output of each step: the tensor is another each time."""

import torch

model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
norms = []
for _ in range(6):
    optimizer.zero_grad()
    features = model(torch.ones(4, 3))
    features.register_hook(lambda grad: norms.append(grad.norm().item()))
    features.register_hook(lambda grad: grad * 0.5)
    features.square().mean().backward()
    optimizer.step()
print(len(norms))
