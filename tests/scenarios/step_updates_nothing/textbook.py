"""An optimizer written by hand that makes new tensors; four iterations, judged as the program ends."""

import torch


class Sgd(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p = p - group["lr"] * p.grad  # noqa: PLW2901


model = torch.nn.Linear(3, 1)
optimizer = Sgd(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()  # expect[live]: step-updates-nothing
