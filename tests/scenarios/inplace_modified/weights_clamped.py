"""Weights clamped between the forward pass and its backward, by a callback."""

import torch


class ClampWeights:
    def __init__(self, low, high):
        self.low, self.high = low, high

    def before_backward(self, model):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.clamp_(self.low, self.high)  # expect: inplace-modified


model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
callbacks = [ClampWeights(-0.1, 0.1)]
for _ in range(4):
    loss = model(torch.randn(2, 3)).square().mean()
    optimizer.zero_grad()
    for callback in callbacks:
        callback.before_backward(model)
    loss.backward()
    optimizer.step()
