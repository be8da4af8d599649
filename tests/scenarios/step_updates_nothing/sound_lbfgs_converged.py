"""LBFGS that has converged and changes nothing any more."""

import torch

weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
optimizer = torch.optim.LBFGS([weight], lr=1.0, max_iter=20)


def closure():
    optimizer.zero_grad()
    loss = (weight - 3.0).square().sum()
    loss.backward()
    return loss


for _ in range(14):
    optimizer.step(closure)
