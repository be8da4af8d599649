"""A trainer whose helper returns what it detached; requires_grad_ downstream keeps the backward from raising."""

import torch


class Features:
    def __init__(self, network):
        self.network = network

    def extract(self, x):
        features = self.network(x)
        return features.data.requires_grad_()  # expect: no-grad-path


network = torch.nn.Linear(3, 4)
optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
features = Features(network)
for _ in range(5):
    loss = features.extract(torch.randn(4, 3)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
