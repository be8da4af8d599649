"""A loss computed with numpy and wrapped into a tensor again, behind a factory of loss functions."""

import numpy as np
import torch


def make_loss(weight):
    def loss(prediction, target):
        difference = prediction.detach().numpy() - target.numpy()  # expect: no-grad-path
        return torch.from_numpy(weight * np.square(difference)).mean()

    return loss


model = torch.nn.Linear(3, 1)
criterion = make_loss(0.5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    optimizer.zero_grad()
    value = criterion(model(torch.randn(4, 3)), torch.randn(4, 1))
    value.backward()
    optimizer.step()
