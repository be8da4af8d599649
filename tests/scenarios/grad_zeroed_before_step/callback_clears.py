"""A callback that runs after each backward clears the gradients, in another place than the step."""

import dataclasses
from collections.abc import Callable

import torch


@dataclasses.dataclass
class Loop:
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    after_backward: list[Callable[["Loop"], None]] = dataclasses.field(default_factory=list)

    def run(self, steps):
        for _ in range(steps):
            self.model(torch.randn(4, 3)).square().mean().backward()
            for callback in self.after_backward:
                callback(self)
            self.optimizer.step()


def clear(loop):
    loop.optimizer.zero_grad()  # expect[live]: grad-zeroed-before-step


model = torch.nn.Linear(3, 1)
loop = Loop(model, torch.optim.SGD(model.parameters(), lr=0.1))
loop.after_backward.append(clear)
loop.run(4)
