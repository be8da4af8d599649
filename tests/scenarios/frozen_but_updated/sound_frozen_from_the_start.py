"""Adapters beside a backbone that was frozen from the start."""

import torch


class Adapted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.base = torch.nn.Linear(3, 3).requires_grad_(False)
        self.down, self.up = torch.nn.Linear(3, 1, bias=False), torch.nn.Linear(1, 3, bias=False)
        torch.nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


model = Adapted()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
for _ in range(6):
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
