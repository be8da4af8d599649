"""Gradients of each task are taken one by one and projected (PCGrad); norms of parts are logged."""

import torch

model = torch.nn.Linear(3, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(5):
    out = model(torch.randn(4, 3))
    losses = [out[:, 0].square().mean(), out[:, 1].abs().mean()]
    kept = []
    for loss in losses:
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        kept.append([parameter.grad.clone() for parameter in model.parameters()])
    for parameter, one, two in zip(model.parameters(), *kept, strict=True):
        overlap = (one * two).sum()
        parameter.grad.copy_(one + two if overlap > 0 else one + two - overlap / (two.square().sum() + 1e-12) * two)
    optimizer.step()

norms = []
for _ in range(5):
    out = model(torch.randn(4, 3))
    parts = [out[:, 0].square().mean(), out[:, 1].abs().mean()]
    for loss in (*parts, sum(parts)):
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        norms.append(model.weight.grad.norm().item())
    optimizer.step()
