"""The backward runs for the first batch only; the old gradient is used for all others."""

import torch


def batches():
    for number in range(6):
        yield number, torch.randn(4, 3)


model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2)
for number, batch in batches():
    loss = model(batch).square().mean()
    if number == 0:
        optimizer.zero_grad()
        loss.backward()
    optimizer.step()  # expect[live]: step-without-backward
    scheduler.step()
