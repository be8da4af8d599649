"""Evaluation by a decorator that switches gradients off."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 1))


@torch.inference_mode()
def evaluate(batches):
    model.eval()
    return sum(float(model(batch).mean()) for batch in batches)


optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    model.train()
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    evaluate([torch.randn(4, 3) for _ in range(4)])
