"""A trainer that restores the weights in a hook after each step, as a leftover of an experiment."""

import torch


class Trainer:
    def __init__(self):
        self.model = torch.nn.Linear(3, 2)
        self.optimizer = torch.optim.RMSprop(self.model.parameters(), lr=0.01)
        self.optimizer.register_step_pre_hook(self.keep)
        self.optimizer.register_step_post_hook(self.restore)

    def keep(self, *_):
        self.kept = {name: value.clone() for name, value in self.model.state_dict().items()}

    def restore(self, *_):
        self.model.load_state_dict(self.kept)

    def fit(self, steps):
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.model(torch.randn(4, 3)).square().mean().backward()
            self.optimizer.step()  # expect[live]: step-updates-nothing


trainer = Trainer()
trainer.fit(4)
