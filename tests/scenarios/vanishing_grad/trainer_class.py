"""A trainer in classes; the model saturates because nobody scaled its inputs."""

from __future__ import annotations

import torch


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(5))
        self.head = torch.nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.sigmoid(20 * layer(x))
        return self.head(x)


class Trainer:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)

    def backward(self, loss: torch.Tensor) -> None:
        loss.backward()  # expect[live]: vanishing-grad

    def fit(self, steps: int) -> None:
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.backward((self.net(torch.ones(2, 4)) - 1).square().mean())
            self.optimizer.step()


net = Net()
with torch.no_grad():
    for layer in net.layers:
        layer.weight.copy_(torch.eye(4))
        layer.bias.fill_(-0.3)
Trainer(net).fit(4)
