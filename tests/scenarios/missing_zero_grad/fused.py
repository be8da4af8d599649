"""A fused optimizer changes parameters without a version bump."""

import torch

model = torch.nn.Linear(8, 8)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
for _ in range(3):
    model(torch.randn(2, 8)).square().mean().backward()
    optimizer.step()  # expect: missing-zero-grad
