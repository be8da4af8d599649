"""A training loop that forgets optimizer.zero_grad(): each step uses old gradients again."""

import torch

torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
inputs = torch.randn(16, 2)
targets = inputs @ torch.tensor([[2.0], [-1.0]])

for epoch in range(4):
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    loss.backward()
    optimizer.step()  # expect: missing-zero-grad
    print(f"epoch {epoch}: loss {loss.item():.3f}")
