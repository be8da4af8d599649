"""The same root twice."""

import torch

x = torch.tensor(3.0, requires_grad=True)
loss = (x + 1 - 2 * x) ** 2
loss.backward()
loss.backward()  # expect: double-backward
