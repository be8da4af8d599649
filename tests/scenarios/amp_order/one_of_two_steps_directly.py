"""Of two optimizers one steps through the scaler, the other one by itself."""

import torch

trunk, head = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
first = torch.optim.Adam(trunk.parameters(), lr=0.01)
second = torch.optim.SGD(head.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
for _ in range(4):
    first.zero_grad()
    second.zero_grad()
    scaler.scale(head(trunk(torch.randn(4, 3)).tanh()).square().mean()).backward()
    scaler.step(first)
    second.step()  # expect[live]: amp-order
    scaler.update()
