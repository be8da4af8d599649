"""The textbook mistake: the gradient of a hidden layer is asked for, and nobody kept it."""

import torch

first, second = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
for _ in range(4):
    hidden = torch.relu(first(torch.randn(2, 3)))
    loss = second(hidden).square().mean()
    optimizer.zero_grad()
    loss.backward()
    print(hidden.grad)  # expect: nonleaf-grad
    optimizer.step()
