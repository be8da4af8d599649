"""A frozen encoder is in evaluation mode, but its features are computed with a graph and then detached."""

import torch

encoder = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh()).eval()
dataset = [torch.randn(2, 3) for _ in range(4)]


def embed(batch):
    return encoder(batch).detach()  # expect[live]: eval-builds-graph


features = torch.cat([embed(batch) for batch in dataset])
head = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    head(features).square().mean().backward()
    optimizer.step()
