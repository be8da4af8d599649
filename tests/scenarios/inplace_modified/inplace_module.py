"""A ReLU(inplace=True) over what an exponential saved."""

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 4)
        self.relu = torch.nn.ReLU(inplace=True)

    def forward(self, x):
        rates = torch.exp(self.layer(x))
        return self.relu(rates)  # expect: inplace-modified


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    net(torch.randn(2, 3)).sum().backward()
    optimizer.step()
