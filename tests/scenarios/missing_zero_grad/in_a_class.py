"""A trainer class whose method steps and never clears; momentum, clipping and a scheduler in between."""

import torch


class Trainer:
    def __init__(self):
        self.model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2)

    def train_step(self, batch):
        loss = self.model(batch).square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()  # expect: missing-zero-grad
        self.schedule.step()
        return loss.item()


trainer = Trainer()
losses = [trainer.train_step(torch.randn(5, 3)) for _ in range(6)]
print(losses)
