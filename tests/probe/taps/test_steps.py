"""Where on autograd's clock the program's steps ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from tapelens.probe.taps import Taps

w = nn.Parameter(torch.ones(3))


@pytest.fixture
def taps() -> Iterator[Taps]:
    taps = Taps(lambda _: None, report_fault=lambda where, message: pytest.fail(f"{where}: {message}"))
    taps.install()
    yield taps
    taps.remove()


def made() -> int:
    """The number of a node that is made now."""
    node = (w * 2).grad_fn
    assert node is not None
    return node._sequence_nr()


def test_each_step_ends_after_what_was_made_before_it(taps: Taps):
    optimizer = torch.optim.SGD([w], lr=0.1)
    numbers: list[int] = []
    for _ in range(4):
        numbers.append(made())
        optimizer.step()
    ends = taps.clock.boundaries()
    assert len(ends) == 4
    assert all(number < end for number, end in zip(numbers, ends, strict=True))
    assert all(end <= number for end, number in zip(ends[:-1], numbers[1:], strict=True))


def test_nothing_is_known_before_two_steps(taps: Taps):
    optimizer = torch.optim.SGD([w], lr=0.1)
    assert taps.clock.boundaries() == ()
    optimizer.step()
    assert taps.clock.boundaries() == ()
    optimizer.step()
    assert len(taps.clock.boundaries()) == 2


def test_the_slowest_optimizer_that_is_in_use_sets_the_pace(taps: Taps):
    fast, slow = torch.optim.SGD([w], lr=0.1), torch.optim.SGD([w], lr=0.1)
    ends: list[int] = []
    for _ in range(3):
        for _ in range(5):
            made()
            fast.step()
        made()
        slow.step()
        ends.append(made())
    assert len(taps.clock.boundaries()) == 3
    assert all(end <= after for end, after in zip(taps.clock.boundaries(), ends, strict=True))
    for _ in range(30):  # the slow one is done with
        fast.step()
    assert len(taps.clock.boundaries()) == 45


def test_without_an_optimizer_a_line_of_backwards_counts(taps: Taps):
    for _ in range(3):
        (w * 2).sum().backward()
        (w * 2).sum().backward(retain_graph=True)  # may go on with this graph
        torch.autograd.grad((w * 2).sum(), w)
    assert len(taps.clock.boundaries()) == 3


def test_each_thread_has_a_clock_of_its_own(taps: Taps):
    found: list[tuple[int, ...]] = []

    def train() -> None:
        optimizer = torch.optim.SGD([w], lr=0.1)
        for _ in range(3):
            (w * 2).sum()
            optimizer.step()
        found.append(taps.clock.boundaries())

    thread = threading.Thread(target=train)
    thread.start()
    thread.join(timeout=30)
    assert found == [(2, 4, 6)]
    assert taps.clock.boundaries() == ()
