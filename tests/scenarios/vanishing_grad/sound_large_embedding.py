"""Most rows of an embedding get nothing: that is sparse, not vanishing."""

from __future__ import annotations

import torch


def main() -> None:
    model = torch.nn.Sequential(
        torch.nn.Embedding(5000, 8), torch.nn.Flatten(), torch.nn.Linear(16, 8), torch.nn.GELU(), torch.nn.Linear(8, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(4):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor([[1, 2], [3, 4]])), torch.tensor([0, 1]))
        loss.backward()
        optimizer.step()


main()
