"""Taps in this process, for the length of one test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
import torch

from tapelens.events import Event
from tapelens.probe.taps import Taps
from tapelens.wire.gradients import Gradients

E = TypeVar("E")


@dataclass
class Recording:
    """What the taps told."""

    taps: Taps
    events: list[Event] = field(default_factory=list)
    gradients: list[Gradients] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def seen() -> Iterator[Recording]:
    torch.set_num_threads(1)
    faults: list[tuple[str, str]] = []
    events: list[Event] = []
    gradients: list[Gradients] = []
    taps = Taps(events.append, report_fault=lambda *fault: faults.append(fault), on_gradients=gradients.append)
    taps.install()
    yield Recording(taps, events, gradients)
    taps.remove()
    assert faults == []
