"""An attack of several steps before each training step, its gradients cleared: also from one helper's line."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def gradient_of(x):
    x = x.clone().requires_grad_(True)
    model(x).square().mean().backward()
    return x.grad


for _ in range(5):
    x = torch.randn(4, 3)
    for _ in range(3):
        x = (x + 0.01 * gradient_of(x).sign()).detach()
        model.zero_grad()
    saliency = gradient_of(x)
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()
