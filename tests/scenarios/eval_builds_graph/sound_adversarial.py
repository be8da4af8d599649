"""Adversarial inputs are made in evaluation mode, training on them is in training mode."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)


def attack(x):
    model.eval()
    noise = torch.zeros_like(x, requires_grad=True)
    for _ in range(2):
        (gradient,) = torch.autograd.grad(model(x + noise).square().mean(), noise)
        noise = (noise + 0.1 * gradient.sign()).detach().requires_grad_()
    model.train()
    return (x + noise).detach()


for _ in range(4):
    adversarial = attack(torch.randn(4, 3))
    optimizer.zero_grad()
    model(adversarial).square().mean().backward()
    optimizer.step()
