"""Sharpness-aware minimisation as an optimizer around another: its own step has two inside."""

import torch


class Sam(torch.optim.Optimizer):
    def __init__(self, params, base, rho=0.05, **options):
        super().__init__(params, {"rho": rho, **options})
        self.base = base(self.param_groups, **options)

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        moves = []
        for group in self.param_groups:
            for p in group["params"]:
                move = group["rho"] * p.grad / (p.grad.norm() + 1e-12)
                p.add_(move)
                moves.append((p, move))
        self.zero_grad()
        with torch.enable_grad():
            closure()
        for p, move in moves:
            p.sub_(move)
        self.base.step()
        self.zero_grad()
        return loss


model = torch.nn.Linear(3, 1)
optimizer = Sam(model.parameters(), torch.optim.SGD, lr=0.05)
x = torch.randn(8, 3)


def closure():
    loss = model(x).square().mean()
    loss.backward()
    return loss


for _ in range(6):
    optimizer.step(closure)
