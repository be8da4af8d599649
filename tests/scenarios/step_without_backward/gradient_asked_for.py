"""The gradient is computed by autograd.grad, and nobody puts it into the parameters."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.randn(4, 3)).square().mean()
    grads = torch.autograd.grad(loss, list(model.parameters()))
    optimizer.step()  # expect[live]: step-without-backward
