"""The forward pass was put under no_grad with the evaluation that it was copied from."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = torch.nn.MSELoss()
for _ in range(4):
    x, y = torch.randn(4, 3), torch.randn(4, 1)
    optimizer.zero_grad()
    with torch.no_grad():  # expect: no-grad-path
        prediction = model(x)
    loss = criterion(prediction, y)
    loss.backward()
    optimizer.step()
