"""The first layers are frozen: their gradients are none, not small."""

import torch

layers = [module for _ in range(6) for module in (torch.nn.Linear(4, 4), torch.nn.ReLU())]
model = torch.nn.Sequential(*layers, torch.nn.Linear(4, 1))
for parameter in model[:8].parameters():
    parameter.requires_grad_(requires_grad=False)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.rand(3, 4)) - 1).square().mean()
    loss.backward()
    optimizer.step()
