"""The same loss twice in a trainer, once of which was for a look at the gradients."""

import torch


class Trainer:
    def __init__(self):
        self.model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        self.optimizer = torch.optim.Adam(self.model.parameters())

    def log_gradients(self, loss):
        loss.backward(retain_graph=True)
        return max(weight.grad.abs().max().item() for weight in self.model.parameters())

    def train(self, batches):
        for batch in batches:
            loss = self.model(batch).square().mean()
            self.optimizer.zero_grad()
            self.log_gradients(loss)
            loss.backward()  # expect: repeated-backward-accumulates
            self.optimizer.step()


Trainer().train(torch.randn(4, 3) for _ in range(4))
