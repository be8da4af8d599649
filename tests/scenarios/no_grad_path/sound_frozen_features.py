"""Features of a frozen network in training mode, held by an optimizer over everything, called under no_grad."""

import itertools

import torch

backbone = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).requires_grad_(False)
head = torch.nn.Linear(4, 1)
optimizer = torch.optim.Adam(itertools.chain(backbone.parameters(), head.parameters()), lr=0.01)
for _ in range(7):
    with torch.no_grad():
        features = backbone(torch.randn(4, 3))
    optimizer.zero_grad()
    head(features).square().mean().backward()
    optimizer.step()
