"""A sound decoder, and an encoder that is to be trained with it but runs under no_grad each time."""

import torch

encoder, decoder = torch.nn.Linear(3, 4), torch.nn.Linear(4, 3)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
for _ in range(6):
    x = torch.randn(4, 3)
    with torch.no_grad():  # expect[live]: no-grad-path
        code = encoder(x)
    loss = (decoder(code) - x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
