"""Saliency for each image: the object that collects activations registers its hooks and never removes them."""

import torch


class GradCam:
    def __init__(self, model, layer):
        self.model = model
        self.activations = None
        layer.register_forward_hook(self.keep)  # expect: hook-leak

    def keep(self, module, inputs, output):
        self.activations = output

    def explain(self, image):
        score = self.model(image).max()
        (gradient,) = torch.autograd.grad(score, self.activations)
        return (gradient.mean() * self.activations).relu().detach()


model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 2))
for index in range(4):
    torch.manual_seed(index)
    heat = GradCam(model, model[0]).explain(torch.randn(1, 1, 4, 4))
print(heat.shape)
