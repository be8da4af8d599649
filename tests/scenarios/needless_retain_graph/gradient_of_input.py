"""Saliency: each image's graph is kept after its gradient was taken."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).eval()


def saliency(image):
    image = image.clone().requires_grad_()
    score = model(image)[0]
    (gradient,) = torch.autograd.grad(score, image, retain_graph=True)  # expect: needless-retain-graph
    return gradient.abs().max().item()


print([saliency(image) > 0 for image in torch.randn(4, 4)])
