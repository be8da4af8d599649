"""The step updates `.detach().clone()`, and puts nothing back."""

import torch


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-2, beta=0.9):
        super().__init__(params, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                average = state.setdefault("average", torch.zeros_like(parameter))
                average.mul_(group["beta"]).add_(parameter.grad, alpha=1 - group["beta"])
                value = parameter.detach().clone()
                value.add_(average.sign(), alpha=-group["lr"])
        return loss


net = torch.nn.GRUCell(3, 4)
optimizer = Lion(net.parameters())
hidden = torch.zeros(2, 4)
for _ in range(4):
    optimizer.zero_grad()
    net(torch.randn(2, 3), hidden).square().mean().backward()
    optimizer.step()  # expect[live]: step-updates-nothing
