"""A recurrent model with an output layer that its loop forgets."""

import torch
from torch import nn


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(2, 3)
        self.norm = nn.LayerNorm(3)  # expect[live]: unused-parameter
        self.out = nn.Linear(3, 1)

    def forward(self, sequence):
        hidden = torch.zeros(sequence.shape[1], 3)
        for x in sequence:
            hidden = self.cell(x, hidden)
        return self.out(hidden)


def batches(count):
    for _ in range(count):
        yield torch.randn(4, 2, 2)


model = Recurrent()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for batch in batches(5):
    optimizer.zero_grad()
    model(batch).square().mean().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
