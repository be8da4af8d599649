"""A list that is cut to its last entries by hand."""

import torch


class Smoother:
    def __init__(self, size: int) -> None:
        self.size = size
        self.losses: list[torch.Tensor] = []

    def add(self, loss: torch.Tensor) -> None:
        self.losses.append(loss)
        if len(self.losses) > self.size:
            self.losses.pop(0)


model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
smoother = Smoother(10)
for _ in range(12):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
    smoother.add(loss)
