"""An optimizer that wraps another: one fault, not two."""

import torch


class Lookahead(torch.optim.Optimizer):
    def __init__(self, inner):
        super().__init__(inner.param_groups, {})
        self.inner = inner

    def step(self, closure=None):
        return self.inner.step(closure)


class Noisy(torch.optim.SGD):
    def step(self, closure=None):
        return super().step(closure)


model = torch.nn.Linear(3, 1)
plain = torch.optim.SGD(model.parameters(), lr=0.1)
optimizer = Lookahead(Noisy(model.parameters(), lr=0.1))
for _ in range(3):
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()  # expect: missing-zero-grad
