"""The loss is of predicted classes; requires_grad_ silences the error, and nothing is trained."""

import torch


def accuracy_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    predicted = logits.argmax(dim=1)  # expect: no-grad-path
    return (predicted != target).float().mean()


model = torch.nn.Linear(3, 5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = accuracy_loss(model(torch.randn(6, 3)), torch.randint(0, 5, (6,)))
    loss.requires_grad_()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
