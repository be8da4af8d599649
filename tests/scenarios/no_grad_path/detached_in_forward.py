"""A network in a class whose forward detaches what comes out of it, called by a trainer's method."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 8)
        self.scale = 2.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.layer(x))
        hidden = hidden.detach()  # expect: no-grad-path
        return hidden * self.scale


class Trainer:
    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def loss(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return nn.functional.mse_loss(self.model(x), target)

    def step(self, x: torch.Tensor, target: torch.Tensor) -> float:
        loss = self.loss(x, target)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


trainer = Trainer(Encoder())
for _ in range(4):
    trainer.step(torch.randn(4, 3), torch.randn(4, 8))
