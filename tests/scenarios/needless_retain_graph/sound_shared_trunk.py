"""Two losses over one trunk, one after the other."""

import torch

encoder, left, right = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(torch.nn.ModuleList([encoder, left, right]).parameters(), lr=0.1)
for _ in range(4):
    features = encoder(torch.randn(4, 3)).tanh()
    optimizer.zero_grad()
    left(features).square().mean().backward(retain_graph=True)
    right(features).abs().mean().backward()
    optimizer.step()
