"""An exponential moving average of the loss, which each iteration's graph hangs on."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def train(batches: list[torch.Tensor], decay: float = 0.9) -> float:
    smooth = torch.zeros(())
    for number, batch in enumerate(batches):
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()
        smooth = decay * smooth + (1 - decay) * loss  # expect: graph-growth
        if number % 2:
            print(f"{float(smooth):.2f}")
    return float(smooth)


train([torch.ones(2, 3)] * 8)
