"""Attention weights masked after the softmax, by an index, in a method."""

import torch


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.query = torch.nn.Linear(4, 4)
        self.weights = None

    def forward(self, x):
        self.weights = torch.softmax(self.query(x) @ x.transpose(-1, -2), dim=-1)
        self.weights[:, :, 0] = 0.0  # expect: inplace-modified
        return self.weights @ x


class Trainer:
    def __init__(self):
        self.model = Attention()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def fit(self, steps):
        for _ in range(steps):
            loss = self.model(torch.randn(2, 3, 4)).square().mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()


Trainer().fit(4)
