"""A graph that saved nothing needs no retain_graph to run twice."""

import torch

bias = torch.nn.Parameter(torch.zeros(3))
optimizer = torch.optim.SGD([bias], lr=0.1)
target = torch.ones(3)
for _ in range(4):
    loss = (bias - target).sum()
    optimizer.zero_grad()
    loss.backward()
    loss.backward()  # expect: repeated-backward-accumulates
    optimizer.step()
