"""The same depth with residual connections and normalisation."""

import torch


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.LayerNorm(4)
        self.linear = torch.nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.linear(self.norm(x)))


model = torch.nn.Sequential(*(Block() for _ in range(12)), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(4):
    optimizer.zero_grad()
    loss = (model(torch.rand(2, 4)) - 0.2).square().mean()
    loss.backward()
    optimizer.step()
