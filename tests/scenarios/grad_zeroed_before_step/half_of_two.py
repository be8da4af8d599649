"""Two losses for one step in a helper; the first one's gradients are cleared. Judged at the end: every cycle."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)


def learn(loss):
    optimizer.zero_grad()  # expect[live]: grad-zeroed-before-step
    loss.backward()


for _ in range(3):
    learn(model(torch.randn(4, 3)).square().mean())
    learn(model(torch.randn(4, 3)).abs().mean())
    optimizer.step()
