"""Several threads train at once: nothing of another thread's is read while its engine may write."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch

from tapelens.events import StepEnded
from tapelens.probe.taps.held import HeldGradients


def in_threads(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def model_and_optimizer():
    model = torch.nn.Linear(3, 1)
    return model, torch.optim.SGD(model.parameters(), lr=0.01)


def test_threads_with_models_of_their_own_are_each_watched(seen):
    ready = threading.Barrier(3)

    def train():
        model, optimizer = model_and_optimizer()
        ready.wait(30)
        for _ in range(60):
            optimizer.zero_grad()
            model(torch.randn(4, 3)).square().mean().backward()
            optimizer.step()

    in_threads(train, train, train)
    ended = seen.of(StepEnded)
    assert len(ended) == 180
    full = [each.optimizer for each in ended if each.held]
    assert len(full) >= 15
    assert len(set(full)) == 3


def backward(model: torch.nn.Module) -> None:
    model(torch.ones(1, 3)).sum().backward()


@pytest.mark.parametrize("shared", ["optimizer", "parameters", "nothing"])
def test_what_two_threads_train_is_not_read(shared):
    held = HeldGradients()
    model, optimizer = model_and_optimizer()
    backward(model)
    held.of(optimizer).steps += 1
    assert held.of(optimizer).after_step(optimizer)

    def elsewhere():
        if shared == "optimizer":
            held.of(optimizer)
        elif shared == "parameters":
            held.of(torch.optim.SGD(model.parameters(), lr=0.1))
        else:
            held.of(model_and_optimizer()[1])

    in_threads(elsewhere)
    seen = held.before_backward()
    assert bool(seen) == (shared == "nothing")
    assert bool(held.of(optimizer).after_step(optimizer)) == (shared == "nothing")


def test_another_threads_optimizer_is_left_alone():
    held = HeldGradients()
    model, optimizer = model_and_optimizer()
    backward(model)
    held.of(optimizer).steps += 1
    held.of(optimizer).after_step(optimizer)
    found = []
    in_threads(lambda: found.append(held.before_backward()))
    assert found == [{}]
    assert held.before_backward() != {}
