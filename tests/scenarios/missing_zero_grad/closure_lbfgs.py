"""LBFGS calls its closure many times a step; this one never clears."""

import torch

w = torch.tensor([1.0, -2.0], requires_grad=True)
optimizer = torch.optim.LBFGS([w], lr=0.1, max_iter=4)


def closure():
    loss = (w * torch.tensor([1.0, 3.0])).square().sum()
    loss.backward()  # expect: missing-zero-grad
    return loss


optimizer.step(closure)
