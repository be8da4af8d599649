"""A generator that samples step by step, each token from a pass with a graph."""

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(8, 4)
        self.out = nn.Linear(4, 8)

    def forward(self, ids):
        return self.out(self.embed(ids).mean(dim=1))


def sample(model, ids, steps):
    model.eval()
    for _ in range(steps):
        logits = model(ids)  # expect[live]: eval-builds-graph
        ids = torch.cat([ids, logits.argmax(dim=-1, keepdim=True)], dim=1)
        yield int(ids[0, -1])


print(len(list(sample(Model(), torch.zeros(1, 1, dtype=torch.long), 6))))
