"""The gradients are looked at and cleared before the loss runs in earnest."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    loss = model(torch.randn(4, 3)).square().mean()
    loss.backward(retain_graph=True)
    print(model.weight.grad.norm().item() > 0)
    if step % 2:
        optimizer.zero_grad()
    else:
        for weight in model.parameters():
            weight.grad.data.zero_()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
