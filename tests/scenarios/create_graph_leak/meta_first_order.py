"""First-order MAML that asks for second derivatives all the same."""

import copy

import torch

meta = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(meta.parameters(), lr=0.1)


def adapt(model, task):
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = model(task).square().mean()
    loss.backward(create_graph=True)  # expect[live]: create-graph-leak
    inner.step()
    inner.zero_grad()


for _ in range(4):
    learner = copy.deepcopy(meta)
    adapt(learner, torch.randn(4, 2))
    learner(torch.randn(4, 2)).square().mean().backward()
    optimizer.zero_grad()
    for shared, own in zip(meta.parameters(), learner.parameters(), strict=True):
        shared.grad = own.grad.clone()
    optimizer.step()
