"""Empty batches bring no backward now and then, and the gradients are cleared before each."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
for number in range(12):
    optimizer.zero_grad(set_to_none=number % 2 == 0)
    batch = torch.randn(0 if number in {3, 4, 5, 6, 9} else 4, 3)
    if len(batch):
        model(batch).square().mean().backward()
    optimizer.step()
