"""State in a dataclass, a generator of batches, a callback."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class State:
    model: nn.Module
    optimizer: torch.optim.Optimizer
    seen: list = field(default_factory=list)


def batches(count):
    for _ in range(count):
        yield torch.randn(4, 5), torch.randn(4, 1)


def remember(state, loss):
    state.seen.append(loss.detach())  # mutate: state.seen.append(loss) -> graph-growth at here


def train(state: State, after: Callable):
    for x, y in batches(8):
        state.optimizer.zero_grad(set_to_none=True)  # mutate: remove -> missing-zero-grad at step
        loss = nn.functional.l1_loss(state.model(x), y)
        loss.backward()
        state.optimizer.step()  # line: step
        after(state, loss)


net = nn.Linear(5, 1)
train(State(net, torch.optim.RMSprop(net.parameters(), lr=0.01)), remember)
