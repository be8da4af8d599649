"""Two losses over one trunk, neither retained, in functions of a trainer."""

import torch


class Trainer:
    def __init__(self):
        self.trunk, self.left, self.right = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)

    def losses(self, batch):
        features = self.trunk(batch).tanh()
        return self.left(features).square().mean(), self.right(features).abs().mean()

    def step(self, batch):
        first, second = self.losses(batch)
        first.backward()
        second.backward()  # expect: double-backward


trainer = Trainer()
for batch in torch.randn(4, 4, 3):
    trainer.step(batch)
