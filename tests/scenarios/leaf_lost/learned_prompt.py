"""A prompt that is optimised directly, normalised once after it was made a leaf."""

import torch


class Prompt:
    def __init__(self, length, width):
        self.model = torch.nn.Linear(width, 2).requires_grad_(False)
        self.embedding = torch.nn.Parameter(torch.randn(length, width))
        self.embedding = torch.nn.functional.normalize(self.embedding, dim=-1)  # expect: leaf-lost

    def train(self):
        optimizer = torch.optim.Adam([self.embedding], lr=0.01)
        for _ in range(4):
            loss = -self.model(self.embedding).log_softmax(-1)[:, 0].mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


Prompt(2, 4).train()
