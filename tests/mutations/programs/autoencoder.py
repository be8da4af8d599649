"""A variational autoencoder."""

import torch
from torch import nn


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(6, 4)
        self.decode = nn.Linear(2, 6)

    def forward(self, x):
        mean, spread = self.encode(x).chunk(2, -1)
        code = mean + spread.exp() * torch.randn_like(mean)
        return self.decode(code), mean, spread


model = Vae()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
total = torch.zeros(())
for step in range(8):
    x = torch.randn(4, 6)
    out, mean, spread = model(x)
    loss = (out - x).square().sum() + (mean.square() + spread.exp() - spread).sum()
    optimizer.zero_grad()  # mutate: remove -> missing-zero-grad at step
    loss.backward()
    optimizer.step()  # line: step
    total = total + loss.detach()  # mutate: total = total + loss -> graph-growth at here
