"""Evolution strategies: gradients are written by hand, and no backward runs."""

import torch

policy = torch.nn.Linear(3, 1, bias=False)
optimizer = torch.optim.SGD(policy.parameters(), lr=0.1)
for _ in range(4):
    with torch.no_grad():
        noise = torch.randn(8, *policy.weight.shape)
        rewards = torch.stack([-(policy.weight + 0.1 * each).square().sum() for each in noise])
        policy.weight.grad = -(rewards.view(-1, 1, 1) * noise).mean(0)
    optimizer.step()
