"""Wrapping makes new, flattened parameters; the optimizer still holds the old ones (huggingface/accelerate 2665)."""

import torch
from torch import nn


class Flattened(nn.Module):
    """What a sharding wrapper does to each layer: one flat parameter takes the place of the layer's own."""

    def __init__(self, layer):
        super().__init__()
        self.shape = layer.weight.shape
        self.flat = nn.Parameter(torch.cat([layer.weight.detach().reshape(-1), layer.bias.detach()]))

    def forward(self, x):
        count = self.shape.numel()
        return nn.functional.linear(x, self.flat[:count].view(self.shape), self.flat[count:])


model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)  # expect: param-not-in-optimizer
model[0], model[2] = Flattened(model[0]), Flattened(model[2])
for step in range(5):
    x, y = torch.randn(4, 6), torch.randint(0, 2, (4,))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
