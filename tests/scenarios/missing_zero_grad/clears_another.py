"""Two models, and the clearing goes to the wrong optimizer."""

import torch

encoder = torch.nn.Linear(3, 2)
decoder = torch.nn.Linear(2, 3)
first = torch.optim.SGD(encoder.parameters(), lr=0.1)
second = torch.optim.AdamW(decoder.parameters(), lr=0.1)
for _ in range(4):
    first.zero_grad()
    x = torch.randn(6, 3)
    loss = (decoder(encoder(x)) - x).square().mean()
    loss.backward()
    first.step()
    second.step()  # expect: missing-zero-grad
