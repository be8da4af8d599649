"""Two passes a step, an evaluation in between steps, and no way back."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.3), torch.nn.Linear(4, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)


def loss_of(model):
    return model(torch.randn(4, 3)).square().mean() / 2


def evaluate(model):
    was = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    model.eval()  # expect: eval-in-training
    value = loss_of(model).item()
    torch.set_grad_enabled(was)
    return value


for iteration in range(10):
    loss_of(model).backward()
    if iteration % 2:
        optimizer.step()
        optimizer.zero_grad()
        evaluate(model)
