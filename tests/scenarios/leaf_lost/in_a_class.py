"""A model written without nn.Module that keeps results of leaves as its weights."""

import math

import torch


class Net:
    def __init__(self, inputs, outputs):
        self.weight = torch.randn(inputs, outputs, requires_grad=True) / math.sqrt(inputs)  # expect: leaf-lost
        self.bias = torch.zeros(outputs, requires_grad=True)

    def __call__(self, x):
        return x @ self.weight + self.bias

    def update(self, rate):
        with torch.no_grad():
            self.bias -= rate * self.bias.grad
            self.weight -= rate * self.weight.grad


net = Net(3, 1)
net(torch.randn(4, 3)).square().mean().backward()
net.update(0.1)
