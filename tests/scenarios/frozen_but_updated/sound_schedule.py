"""Layers are frozen and thawed by a schedule; what is frozen has no gradient."""

import torch

model = torch.nn.Sequential(*(torch.nn.Linear(3, 3) for _ in range(3)))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
for number in range(9):
    for index, layer in enumerate(model):
        layer.requires_grad_(index >= 2 - number // 3)
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
