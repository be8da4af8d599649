"""Gradients read of leaves: an input's saliency, parameters' norms, a leaf that never got one."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
never = torch.zeros(2, requires_grad=True)
for _ in range(4):
    x = torch.randn(2, 3).requires_grad_()
    optimizer.zero_grad()
    model(x).square().mean().backward()
    print(x.grad.shape, [p.grad.norm() for p in model.parameters()], never.grad, torch.ones(1).grad)
    optimizer.step()
