"""Validation after each epoch, in a function of its own that forgot no_grad."""

import torch


def validate(model, batches):
    model.eval()
    losses = []
    for x, y in batches:
        loss = torch.nn.functional.mse_loss(model(x), y)  # expect[live]: eval-builds-graph
        losses.append(loss.item())
    return sum(losses) / len(losses)


def train(model, batches, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(epochs):
        model.train()
        for x, y in batches:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        validate(model, batches)


data = [(torch.randn(4, 3), torch.randn(4, 1)) for _ in range(3)]
train(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1)), data, 2)
