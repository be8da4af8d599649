"""Weights in a dictionary, one of them transposed after it was made."""

import torch

weights = {
    "first": torch.randn(3, 4, requires_grad=True),
    "second": torch.randn(1, 4, requires_grad=True).t(),  # expect: leaf-lost
}
optimizer = torch.optim.Adam(list(weights.values()), lr=0.1)
for _ in range(4):
    loss = (torch.randn(2, 3) @ weights["first"] @ weights["second"]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
