"""Gradients are clipped by a hook on each parameter, which every step registers anew."""

import torch


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    def step(self, x):
        for parameter in self.model.parameters():
            parameter.register_hook(lambda grad: grad.clamp(-1.0, 1.0))  # expect: hook-leak
        self.optimizer.zero_grad()
        loss = self.model(x).pow(2).sum()
        loss.backward()
        self.optimizer.step()
        return loss.item()


trainer = Trainer(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)))
for _ in range(4):
    trainer.step(torch.ones(2, 3))
