"""Closures that clear, with two losses in a call."""

import torch

w = torch.tensor([1.0, -2.0], requires_grad=True)


def train(optimizer):
    def closure():
        optimizer.zero_grad()
        loss = (w * torch.tensor([1.0, 3.0])).square().sum()
        loss.backward()
        penalty = w.abs().sum() * 0.1
        penalty.backward()
        return loss + penalty.detach()

    for _ in range(4):
        optimizer.step(closure)


train(torch.optim.LBFGS([w], lr=0.5, max_iter=5))
train(torch.optim.SGD([w], lr=0.01))
