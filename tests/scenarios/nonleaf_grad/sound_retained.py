"""The same script, mended: the hidden layer retains its gradient."""

import torch

first, second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
for _ in range(4):
    hidden = torch.relu(first(torch.randn(2, 3)))
    hidden.retain_grad()
    loss = second(hidden).square().mean()
    optimizer.zero_grad()
    loss.backward()
    print(hidden.grad)
    optimizer.step()
