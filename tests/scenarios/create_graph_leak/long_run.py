"""Long enough to be named before the end, in a trainer with a closure."""

import torch


class Trainer:
    def __init__(self, second_order):
        self.model = torch.nn.Linear(3, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.05)
        self.second_order = second_order

    def step(self, batch):
        def closure():
            self.optimizer.zero_grad()
            loss = self.model(batch).square().mean()
            loss.backward(create_graph=self.second_order)  # expect[live]: create-graph-leak
            return loss

        return self.optimizer.step(closure)


trainer = Trainer(second_order=True)
for _ in range(14):
    trainer.step(torch.randn(4, 3))
