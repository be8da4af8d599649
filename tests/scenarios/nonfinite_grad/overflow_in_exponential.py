"""A softmax written by hand overflows: infinity divided by infinity."""

import torch

logits = torch.nn.Linear(2, 3)
with torch.no_grad():
    logits.weight.fill_(200.0)
optimizer = torch.optim.SGD(logits.parameters(), lr=0.1)


def softmax(x: torch.Tensor) -> torch.Tensor:
    e = x.exp()  # expect[live]: nonfinite-grad
    return e / e.sum(-1, keepdim=True)


for step in range(4):
    optimizer.zero_grad()
    loss = softmax(logits(torch.ones(2, 2)))[:, 0].mean()
    loss.backward()
    optimizer.step()
