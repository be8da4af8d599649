"""Layers whose weights are used without calling them: tied weights, and a functional call."""

import torch
from torch import nn


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 3)
        self.out = nn.Linear(3, 6, bias=False)
        self.out.weight = self.embed.weight
        self.mix = nn.Linear(3, 3)

    def forward(self, ids):
        hidden = torch.nn.functional.linear(self.embed(ids), self.mix.weight, self.mix.bias)
        return hidden @ self.embed.weight.t()


model = Language()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    optimizer.zero_grad()
    model(torch.tensor([[1, 2, 3]])).square().mean().backward()
    optimizer.step()
