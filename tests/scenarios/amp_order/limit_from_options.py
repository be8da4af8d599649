"""The limit comes from the options, far below the scale; by value, in a helper."""

import dataclasses

import torch


@dataclasses.dataclass
class Options:
    clip: float = 0.5
    steps: int = 4


def train(model, options):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    for _ in range(options.steps):
        scaler.scale(model(torch.randn(4, 3)).square().mean()).backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), clip_value=options.clip)  # expect: amp-order
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()


train(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)), Options())
