"""A positive rate kept as its logarithm: the leaf is trained, its exponential is used."""

import torch


class Rate(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.log_rate = torch.nn.Parameter(torch.zeros(3))

    @property
    def rate(self):
        return self.log_rate.exp()


model = Rate()
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for _ in range(4):
    rate = model.rate
    loss = (rate - torch.tensor([1.0, 2.0, 3.0])).square().sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(model.log_rate.grad)
