"""Saliency in evaluation mode: the graph is what it is for."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2)).eval()
for _ in range(5):
    image = torch.randn(1, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(image).max(), image)
    print(gradient.abs().argmax().item() < 3)
