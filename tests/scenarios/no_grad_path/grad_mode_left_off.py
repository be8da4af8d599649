"""An evaluation switches grad mode off and never on again."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


def evaluate():
    torch.set_grad_enabled(False)  # expect: no-grad-path
    model.eval()
    score = model(torch.randn(8, 3)).mean().item()
    model.train()
    return score


def train():
    loss = model(torch.randn(4, 3)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


for _ in range(4):
    train()
    evaluate()
