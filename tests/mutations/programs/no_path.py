"""The loss is computed by a helper."""

import torch
from torch import nn

model = nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def loss_of(out, y):
    score = out.log_softmax(-1)  # mutate: score = out.detach().log_softmax(-1) -> no-grad-path at here
    return -score.gather(1, y[:, None]).mean()


for step in range(6):
    x, y = torch.randn(4, 4), torch.randint(0, 2, (4,))
    optimizer.zero_grad()
    loss = loss_of(model(x), y)
    loss.backward()
    optimizer.step()
