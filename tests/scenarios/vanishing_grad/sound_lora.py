"""LoRA's second factor begins at zero: the first one's gradient is exactly zero in the first step."""

import torch


class Adapted(torch.nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.base = torch.nn.Linear(size, size)
        self.base.requires_grad_(False)
        self.first = torch.nn.Parameter(torch.randn(2, size) * 1e-4)
        self.second = torch.nn.Parameter(torch.zeros(size, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + x @ self.first.t() @ self.second.t()


model = torch.nn.Sequential(Adapted(4), torch.nn.Tanh(), Adapted(4), torch.nn.Tanh(), Adapted(4))
optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=1e-4)
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.ones(3, 4)) - 1).square().mean()
    loss.backward()
    optimizer.step()
