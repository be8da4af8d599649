"""Runtime twin: counts steps running that found nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from ...events import BackwardBegan, Event, StepBegan, StepEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE

_STEPS = 3
_AT_MOST = 64
_OPTIMIZERS = 4096

Kind = Literal["stale", "none"]


@dataclass(slots=True)
class _Running:
    """A step that runs.

    Attributes:
        backwards: How many had begun before it.
        site: Where the program called it: of ``super().step()`` where the outer one was called.
        has_inner: Another step runs in it: that one is judged.
    """

    event: StepBegan
    backwards: int
    site: Site
    has_inner: bool = False


@dataclass(slots=True)
class _Row:
    """Steps of one optimizer running that found nothing new.

    Attributes:
        used: Ordinal of the step that used the gradients first.
        backwards: How many had begun when its last step ended.
    """

    kind: Kind | None = None
    count: int = 0
    used: int = 0
    backwards: int = 0


class StepWithoutBackward:
    """Three steps running on gradients that the same optimizer has used, or on none at all."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan, StepBegan, StepEnded)

    def __init__(self) -> None:
        self._backwards = 0
        self._running: dict[int, _Running] = {}
        self._rows: dict[int, _Row] = {}
        self._said: dict[Site, Finding] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak at the third step running."""
        match event:
            case BackwardBegan(accumulates=True):
                self._backwards += 1
            case StepBegan():
                self._running[event.step] = _Running(event, self._backwards, self._place(event))
                if len(self._running) > _AT_MOST:  # steps that raised
                    del self._running[next(iter(self._running))]
            case StepEnded():
                running = self._running.pop(event.step, None)
                if running is not None and not running.has_inner:
                    yield from self._judge(running, event)
            case _:
                return

    def _place(self, event: StepBegan) -> Site:
        outer = None if event.inside is None else self._running.get(event.inside)
        if outer is None:
            return event.site
        outer.has_inner = True
        return outer.site if outer.event.optimizer == event.optimizer else event.site

    def _judge(self, running: _Running, event: StepEnded) -> Iterator[Finding]:
        if len(self._rows) > _OPTIMIZERS:
            self._rows = {}
        row = self._rows.get(event.optimizer)
        if row is None:
            row = self._rows[event.optimizer] = _Row()
        before, row.backwards = row.backwards, self._backwards
        kind = _kind(running.event, is_idle=self._backwards == before)
        if self._backwards != running.backwards:  # a closure's
            kind = None
        elif kind is None and running.event.stale is None:  # not read this time
            return
        if kind is None or kind != row.kind:
            row.kind, row.count, row.used = kind, 0, event.ordinal - 1
        if kind is None:
            return
        row.count += 1
        if row.count >= _STEPS:
            said = self._said.get(running.site)
            if said is None:
                said = self._said[running.site] = _say(event, row, running.site)
            yield said


def _kind(event: StepBegan, *, is_idle: bool) -> Kind | None:
    """What the step found that is not new."""
    if event.stale:
        return "stale"
    if event.gradients == "none" and not event.had_gradients and is_idle:
        return "none"
    return None


def _say(event: StepEnded, row: _Row, site: Site) -> Finding:
    parameters = sorted(event.look.held_by(event.optimizer))
    optimizer = event.look.optimizer(event.optimizer)
    if row.kind == "none":
        count = f"{len(parameters)} parameters" if len(parameters) != 1 else "1 parameter"
        message = (
            f"None of the {count} of `{optimizer}` has a gradient, none ever had one, and no backward has run: "
            f"{row.count} steps running changed nothing. Call `loss.backward()` before `{optimizer}.step()`."
        )
    else:
        norm = event.look.norm(parameters)
        of_norm = "" if norm is None else f" (norm {norm:.3g})"
        since = f"step {row.used}" if row.used > 0 else "an earlier step"
        message = (
            f"Step {event.ordinal} of `{optimizer}` used the gradients{of_norm} that {since} had used already, as "
            f"{row.count} steps running have: no backward gave it new ones. "
            f"Call `loss.backward()` before each `{optimizer}.step()`."
        )
    return finding(
        RULE,
        at=site,
        message=message,
        facts=(
            Fact(name="optimizer", value=optimizer),
            Fact(name="steps running", value=str(row.count)),
        ),
    )
