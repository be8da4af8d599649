"""Losses of several micro-batches run before one fused step, in a class with a schedule."""

import torch


class Accumulating:
    def __init__(self, every):
        self.model = torch.nn.Linear(3, 1)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.1, fused=True)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2)
        self.every = every

    def fit(self, batches):
        pending = []
        for index, batch in enumerate(batches, start=1):
            pending.append(self.model(batch).square().mean() / self.every)
            if index % self.every == 0:
                while pending:
                    pending.pop().backward()
                self.optimizer.step()
                self.optimizer.zero_grad()
                self.schedule.step()


Accumulating(every=2).fit(torch.randn(4, 3) for _ in range(8))
