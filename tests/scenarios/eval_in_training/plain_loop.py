"""The textbook mistake: nobody goes back to training mode after the first evaluation."""

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
    model.eval()  # expect: eval-in-training
    with torch.no_grad():
        print(float(model(torch.ones(4, 3)).mean()) < 100)
