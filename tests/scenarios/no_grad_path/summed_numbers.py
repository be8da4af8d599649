"""Losses are gathered as numbers, and the sum is made a tensor that requires grad."""

import torch

torch.manual_seed(3)
model = torch.nn.GRUCell(2, 4)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)


def run_episode() -> list[float]:
    hidden = torch.zeros(1, 4)
    losses = []
    for _ in range(3):
        hidden = model(torch.randn(1, 2), hidden)
        losses.append(hidden.square().mean().item())  # expect: no-grad-path
    return losses


for _ in range(4):
    loss = torch.tensor(run_episode(), requires_grad=True).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
