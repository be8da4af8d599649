"""Saliency: each of many images' graphs is kept after its gradient was taken, and no step ever follows."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).eval()


def saliency(image):
    image = image.clone().requires_grad_()
    score = model(image)[0]
    (gradient,) = torch.autograd.grad(score, image, retain_graph=True)  # expect: needless-retain-graph
    return gradient.abs().max().item()


print([saliency(image) > 0 for image in torch.randn(20, 4)])
