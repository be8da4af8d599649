"""The probe, whole, in a process of the corpus: every tap, every rule, and a capture wherever the program stops."""

from __future__ import annotations

import dataclasses
import os
import threading
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch

from laws.walking import differences
from tapelens.probe.outbox import Outbox
from tapelens.probe.session import ProbeSession
from tapelens.wire.commands import Configuration
from tapelens.wire.envelope import ProbeMessage
from tapelens.wire.gradients import Gradients
from tapelens.wire.snapshot import Snapshot

_WALKED_ONE_OF = 7


class _Nowhere:
    """Takes every event, as an adapter would."""

    def send_event(self, body: dict[str, object]) -> bool:
        return True

    def waiting(self) -> int:
        return 0


class _Read(Outbox):
    """An outbox that counts what it sends; it is written as JSON like any other."""

    def __init__(self) -> None:
        super().__init__(_Nowhere())
        self.snapshots = 0
        self.gradients = 0
        self.findings: list[str] = []
        self.faults: list[str] = []
        self.last: Snapshot | None = None

    def send(self, *messages: ProbeMessage) -> None:
        for message in messages:
            if isinstance(message, Snapshot):
                self.snapshots += 1
                self.last = message
            elif isinstance(message, Gradients):
                self.gradients += 1
            elif message.kind == "probe_fault":
                self.faults.append(f"{message.where}: {message.message}")
            elif message.kind == "finding" and message.count == 1:
                self.findings.append(f"{message.rule} at line {message.site.line}")
        super().send(*messages)


class Guest:
    """The probe under a debugger that stops at every line, or in a plain run.

    Attributes:
        told: What it did, and what went wrong with it.
    """

    def __init__(self, *, armed: bool, sabotage: str = "") -> None:
        self._disturb = SABOTAGE.get(sabotage)
        self._outbox = _Read()
        self._stops = 0
        self._walks = 0
        self._wrong: list[str] = []
        self._lock = threading.Lock()  # a debugger suspends every thread before it lets us look
        self._session = ProbeSession(
            configuration(armed=armed), self._outbox, pause=_never, stop=lambda: self._stops, missing=[]
        )

    def enter(self) -> None:
        """As the bootstrap does."""
        self._session.start()
        os.register_at_fork(after_in_child=self._in_child)

    def leave(self) -> None:
        """Detach; what was there before is there again."""
        self._session.detach()

    def on_line(self, frame: FrameType) -> None:
        """A stop: before the line."""
        with self._lock:
            self._stops += 1
            self._session.on_stop(frame, thread=threading.get_ident(), uncaught=None)
            if self._disturb is not None:
                self._disturb(frame)
            snapshot, self._outbox.last = self._outbox.last, None
            if snapshot is not None and self._stops % _WALKED_ONE_OF == 0:
                self._walks += 1
                self._wrong += differences(frame, snapshot)

    def _in_child(self) -> None:
        """A fork is stopped by the same tracer and keeps its probe, which a debugger would put in anew."""
        self._lock = threading.Lock()

    @property
    def told(self) -> dict[str, Any]:
        outbox = self._outbox
        return {
            "captures": outbox.snapshots,
            "gradients": outbox.gradients,
            "findings": outbox.findings,
            "faults": outbox.faults,
            "walks": self._walks,
            "walk differences": self._wrong[:20],
        }


def _tensors(frame: FrameType) -> list[torch.Tensor]:
    return [value for value in frame.f_locals.values() if type(value) is torch.Tensor]


def _keep(frame: FrameType) -> None:
    frame.f_globals.setdefault("_kept", []).extend(_tensors(frame))


SABOTAGE: dict[str, Callable[[FrameType], object]] = {
    "draws a random number": lambda _: torch.rand(1),
    "keeps what it saw": _keep,
    "asks views for their nodes": lambda frame: [each.grad_fn for each in _tensors(frame)],
    "makes a node": lambda frame: [each.view_as(each) for each in _tensors(frame) if each.requires_grad],
    "warns": lambda _: warnings.warn("from a guest", stacklevel=2),
    "prints": lambda _: print("from a guest"),
}
"""How a probe would disturb a program: each must be seen by the comparison."""


def configuration(*, armed: bool) -> Configuration:
    """Everything on."""
    wanted: dict[str, Any] = {"kind": "configuration", "armed": armed, "pause_on": (), "select": (), "ignore": ()}
    wanted |= {"lines": "every_line" if armed else "auto", "cards": True, "steps": 0, "thresholds": ()}
    return Configuration(**{field.name: wanted[field.name] for field in dataclasses.fields(Configuration)})


def _never(frame: FrameType, *, reason: str, text: str) -> None:
    raise AssertionError(f"paused for {reason}: {text}")
