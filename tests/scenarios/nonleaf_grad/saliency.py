"""A saliency map of an input that was scaled after it was told to require a gradient."""

import torch

model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3)).eval()


def saliency(image, label):
    image = image.clone().requires_grad_()
    pixels = (image - image.mean()) / image.std()
    model(pixels.unsqueeze(0))[0, label].backward()
    return pixels.grad.abs()  # expect: nonleaf-grad


try:
    saliency(torch.randn(4, 4), 1)
except AttributeError as error:
    print(error)
