"""Two runs of one stochastic backward (dropout of gradients by a hook), averaged before the step."""

import torch

w = torch.nn.Parameter(torch.randn(3))
optimizer = torch.optim.SGD([w], lr=0.1)
for _ in range(4):
    hidden = w * 2
    hidden.register_hook(lambda gradient: gradient * torch.bernoulli(torch.full_like(gradient, 0.9)))
    loss = hidden.square().sum()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    loss.backward()
    w.grad /= 2
    optimizer.step()
