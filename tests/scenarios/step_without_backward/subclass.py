"""An optimizer of the user's own whose step calls its base class."""

import torch


class Counted(torch.optim.SGD):
    def __init__(self, params, **options):
        super().__init__(params, **options)
        self.count = 0

    def step(self, closure=None):
        self.count += 1
        return super().step(closure)


plain = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1)  # from now on its steps are told, too
model = torch.nn.Linear(3, 1)
optimizer = Counted(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 3)).square().mean()
    optimizer.step()  # expect: step-without-backward
