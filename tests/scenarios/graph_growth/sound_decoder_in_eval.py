"""A decoder is fine-tuned with dropout off: its losses are summed over a sequence and run backward at its end."""

from __future__ import annotations

import torch

decoder = torch.nn.Linear(4, 4)
decoder.eval()
optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-3)
for _ in range(3):
    state = torch.ones(1, 4)
    loss = torch.zeros(())
    kept = []
    for _ in range(10):
        state = torch.tanh(decoder(state))
        kept.append(state)
        loss = loss + (state - 1).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
