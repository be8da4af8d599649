"""One group waits at a learning rate of 0 while the other trains; a third has no gradients."""

import torch

backbone, head, spare = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1), torch.nn.Linear(2, 2)
optimizer = torch.optim.Adam(
    [
        {"params": backbone.parameters(), "lr": 0.0},
        {"params": head.parameters(), "lr": 0.01},
        {"params": spare.parameters(), "lr": 0.01},
    ]
)
for _ in range(12):
    optimizer.zero_grad()
    head(backbone(torch.randn(4, 3)).relu()).square().mean().backward()
    optimizer.step()
