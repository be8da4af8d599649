"""The model clears, to zeros; momentum goes on for a while."""

import torch


class Trainer:
    def __init__(self):
        self.model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)

    def step(self, batch):
        loss = self.model(batch).square().mean()
        loss.backward()
        self.model.zero_grad(set_to_none=False)  # expect: grad-zeroed-before-step
        self.optimizer.step()


trainer = Trainer()
for _ in range(5):
    trainer.step(torch.randn(4, 3))
