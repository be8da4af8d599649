"""An average of the weights is written between forward and backward: nobody runs it backward."""

import copy

import torch


class Ema:
    def __init__(self, model, decay):
        self.model, self.decay = copy.deepcopy(model).requires_grad_(False), decay

    @torch.no_grad()
    def update(self, model):
        for mean, now in zip(self.model.parameters(), model.parameters(), strict=True):
            mean.mul_(self.decay).add_(now, alpha=1 - self.decay)


model = torch.nn.Linear(3, 1)
ema = Ema(model, 0.9)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    x = torch.randn(4, 3)
    loss = (model(x) - ema.model(x)).square().mean() + model(x).square().mean()
    ema.update(model)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
