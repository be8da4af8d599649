"""The curvature is looked at on the last step only; the flag is always on."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def curvature(weights):
    gradients = [weight.grad for weight in weights]
    squares = sum(gradient.square().sum() for gradient in gradients)
    return torch.autograd.grad(squares, weights)[0].norm().item()


for step in range(15):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward(create_graph=True)
    if step == 14:
        print(curvature(list(model.parameters())) > 0)
    optimizer.step()
