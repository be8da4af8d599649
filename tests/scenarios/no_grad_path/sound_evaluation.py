"""Evaluation under no_grad in training mode, many times over, and a caught error of a loss without a path."""

import torch


@torch.no_grad()
def evaluate(model, batches):
    return sum(model(batch).mean().item() for batch in batches)


model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.1), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
batches = [torch.randn(2, 3) for _ in range(3)]
for _ in range(6):
    print(evaluate(model, batches))
    for batch in batches:
        loss = model(batch).square().mean()
        try:
            loss.detach().backward()
        except RuntimeError:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
