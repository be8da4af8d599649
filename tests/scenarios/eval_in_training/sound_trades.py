"""Each step has a pass in evaluation mode, for the attack, and one in training mode."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(6):
    x = torch.randn(4, 3)
    model.eval()
    noisy = (x + 0.001 * torch.randn_like(x)).requires_grad_()
    loss = nn.functional.kl_div(model(noisy).log_softmax(1), model(x).softmax(1).detach(), reduction="sum")
    (gradient,) = torch.autograd.grad(loss, noisy)
    adversarial = (noisy + 0.1 * gradient.sign()).detach()
    model.train()
    optimizer.zero_grad()
    (model(x).square().mean() + model(adversarial).square().mean()).backward()
    optimizer.step()
