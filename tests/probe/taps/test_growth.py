"""Graphs that live on: who is told of them, and that nobody keeps them but the program."""

from __future__ import annotations

import gc
import sys
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch

import tapelens.probe
from tapelens.events import GraphMade, GraphsSettled, StepBegan, StepEnded
from tapelens.probe.sites import Place
from tapelens.probe.taps import Taps
from tapelens.probe.taps.beginning import Beginning
from tapelens.probe.taps.growth import GrowthTap
from tapelens.probe.taps.health import HealthTap
from tapelens.probe.taps.held import HeldGradients
from tapelens.wire.sites import Site

from .conftest import Recording

PROBE = str(Path(tapelens.probe.__file__).parent)


def site(line: int) -> Site:
    return Site(path="/home/me/train.py", line=line, function="train", in_library=False)


def loop(iterations: int, keep: Callable[[torch.Tensor], object]) -> None:
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(iterations):
        optimizer.zero_grad()
        loss = model(torch.ones(3, 2)).square().mean()
        loss.backward()
        optimizer.step()
        keep(loss)


def forget(_loss: torch.Tensor) -> None:
    return None


def test_a_loop_that_lets_go_is_not_told(seen: Recording):
    loop(8, forget)
    assert seen.of(GraphMade) == []


def test_each_iteration_is_told_with_the_earlier_ones_that_live(seen: Recording):
    losses: list[torch.Tensor] = []
    loop(5, losses.append)
    assert [(event.iteration, event.alive) for event in seen.of(GraphMade)] == [
        (3, (1, 2)),
        (4, (1, 2, 3)),
        (5, (1, 2, 3, 4)),
    ]


def test_it_is_told_once_more_when_the_last_old_one_is_gone(seen: Recording):
    window: deque[torch.Tensor] = deque()

    def keep(loss: torch.Tensor) -> None:
        window.append(loss)
        if len(window) == 3:
            window.clear()

    loop(4, keep)
    assert [(event.iteration, event.alive) for event in seen.of(GraphMade)] == [(3, (1, 2)), (4, ())]


def test_backwards_of_an_accumulated_batch_are_of_one_iteration(seen: Recording):
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    kept: list[torch.Tensor] = []
    for _ in range(3):
        for _ in range(4):
            kept.append(model(torch.ones(3, 2)).square().mean())
            kept[-1].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert [event.iteration for event in seen.of(GraphMade)] == [3]


def test_a_closures_calls_are_of_one_iteration(seen: Recording):
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.LBFGS([weight], max_iter=6)
    kept: list[torch.Tensor] = []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        kept.append((weight * torch.tensor([1.0, 3.0]) - 2).pow(4).sum())
        kept[-1].backward()
        return kept[-1]

    for _ in range(3):
        optimizer.step(closure)
    assert len(kept) > 9
    assert [event.iteration for event in seen.of(GraphMade)] == [3]


def test_what_was_kept_for_a_backward_is_told_as_used(seen: Recording):
    model = torch.nn.Linear(2, 1).eval()
    total = torch.zeros(())
    for _ in range(6):
        total = total + model(torch.ones(3, 2)).sum()
    total.backward()
    assert [event.used for event in seen.of(GraphsSettled)] == [True]


def test_what_was_kept_for_nothing_is_told_as_such(seen: Recording):
    model = torch.nn.Linear(2, 1).eval()
    kept = [model(torch.ones(3, 2)) for _ in range(6)]
    assert len(kept) == 6
    model(torch.ones(3, 2)).sum().backward()
    assert [event.used for event in seen.of(GraphsSettled)] == [False]


# -- nobody keeps them ------------------------------------------------------------------------------------


class Mark:
    """Dies with the node in whose metadata it lies."""


def lives(iterations: int) -> list[int]:
    """How many graphs and how many arrays that they saved are alive in each iteration of a program that grows."""
    marks: list[weakref.ref[Mark]] = []
    arrays: list[weakref.ref[np.ndarray]] = []
    counts: list[int] = []
    total = torch.zeros(())
    weight = torch.nn.Parameter(torch.ones(3))
    for number in range(iterations):
        if number % 7 == 6:
            total = torch.zeros(())
        data = np.ones(3, dtype=np.float32)
        arrays.append(weakref.ref(data))
        loss = (weight * torch.from_numpy(data)).exp().sum()
        del data
        mark = Mark()
        marks.append(weakref.ref(mark))
        node: Any = loss.grad_fn
        node.metadata["mine"] = mark
        del node
        del mark
        if number % 3:
            loss.backward()
        total = total + loss
        del loss
        counts += [sum(each() is not None for each in marks), sum(each() is not None for each in arrays)]
    del total
    counts += [sum(each() is not None for each in marks), sum(each() is not None for each in arrays)]
    return counts


def test_graphs_and_what_they_saved_die_when_they_would_without_us():
    alone = lives(20)
    faults: list[tuple[str, str]] = []
    taps = Taps(lambda _event: None, report_fault=lambda *fault: faults.append(fault))
    taps.install()
    try:
        watched = lives(20)
    finally:
        taps.remove()
    assert watched == alone
    assert watched[-2:] == [0, 0]
    assert faults == []


@pytest.mark.usefixtures("seen")
def test_no_code_of_ours_runs_where_a_graph_dies():
    losses: list[torch.Tensor] = []
    loop(6, losses.append)
    ran: list[str] = []

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        ran.append(f"{event} {frame.f_code.co_filename}")

    sys.setprofile(profile)
    losses.clear()
    sys.setprofile(None)
    assert not [each for each in ran if PROBE in each]


def test_ten_thousand_iterations_leave_the_taps_as_they_were():
    faults: list[tuple[str, str]] = []
    held = HeldGradients()
    growth = GrowthTap(lambda _event: None, lambda *fault: faults.append(fault), held=held)
    health = HealthTap(lambda _event: None, lambda *fault: faults.append(fault), held=held, origins=None)
    tell = health.listening(growth.listening(lambda _event: None))
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.0)
    known = held.of(optimizer)
    here = site(1)

    def iterate(times: int) -> int:
        for _ in range(times):
            loss = weight.exp().sum()
            begins = Beginning(
                outputs=loss,
                roots=[node for node in [loss.grad_fn] if node is not None],
                frame=sys._getframe(),
                place=Place(None, here, here),
                call=known.steps,
                in_step=False,
                is_watched=True,
                alone=lambda: True,
            )
            growth.backward_begins(begins)
            health.backward_begins(begins)
            del begins
            loss.backward()
            known.steps += 1
            step, optimizer = known.steps, known.serial
            tell(
                StepBegan(
                    step=step, optimizer=optimizer, ordinal=step, site=here, held={}, inside=None, has_closure=False
                )
            )
            tell(StepEnded(step=step, optimizer=optimizer, ordinal=step, site=here, held={}))
        return gc.collect() * 0 + sys.getallocatedblocks()

    iterate(1_000)
    before = iterate(200)
    assert iterate(10_000) - before < 1_000
    assert faults == []


def test_a_program_that_grows_without_end_is_told_of_as_long_as_that_is_news(seen: Recording):
    losses: list[torch.Tensor] = []
    loop(400, losses.append)
    told = seen.of(GraphMade)
    assert 100 < told[-1].iteration < 200
    losses.clear()
    loop(4, losses.append)
    assert told[-1].alive[-1] == told[-1].iteration - 1
