"""Runtime twin: follows what backwards bring until a step uses it or a clearing takes it away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...events import (
    BackwardBegan,
    BackwardEnded,
    Event,
    GradsCleared,
    GradsClipped,
    ProgramEnded,
    ScalerUnscaled,
    StepBegan,
    StepEnded,
)
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE
from .cycles import Cycle, Ran

_EMPTY = 3  # cycles running
_PARTS = 3
_HALVES = 8  # where it is one of two
_TWO = 2
_RECENT = 256
_OPTIMIZERS = 1024


@dataclass(slots=True)
class _Row:
    """An optimizer's cycles.

    Attributes:
        empty: Cycles running whose gradients were all cleared.
        part: Of how many backwards the step used the last, in each of the last ``parts`` cycles.
        cycles: All with a step.
        said: What would be said if the program ended.
    """

    empty: int = 0
    part: int = 0
    parts: int = 0
    cycles: int = 0
    said: Finding | None = None
    has_spoken: bool = False


class GradZeroedBeforeStep:
    """Cleared between backward and step, cycle after cycle."""

    wants: ClassVar[tuple[type, ...]] = (
        BackwardBegan,
        BackwardEnded,
        GradsCleared,
        GradsClipped,
        ScalerUnscaled,
        StepBegan,
        StepEnded,
        ProgramEnded,
    )

    def __init__(self) -> None:
        self._running: Ran | None = None
        self._reuses: frozenset[int] = frozenset()
        self._recent: list[Ran] = []  # since the last clearing, or step of any optimizer
        self._cycles: dict[int, Cycle] = {}
        self._rows: dict[int, _Row] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak as a step begins, of the clearing before it."""
        match event:
            case BackwardBegan(accumulates=True, inside=None, step=None):
                line = event.site, event.innermost
                self._running = Ran(event.call, line, retained=event.retain_graph, walked=event.walked)
                self._reuses = event.reuses
            case BackwardEnded():
                self._ended(event)
            case GradsCleared(read=True, step=None):
                self._cleared(event)
            case GradsClipped() | ScalerUnscaled():
                self._written(event)
            case StepBegan(inside=None):
                yield from self._steps(event)
            case StepEnded():
                self._recent = []
                self._cycles.pop(event.optimizer, None)
            case ProgramEnded(raised=False):
                yield from (row.said for row in self._rows.values() if row.said is not None and _is_all(row))
            case _:
                return

    def _ended(self, event: BackwardEnded) -> None:
        ran, self._running = self._running, None
        if ran is None or ran.call != event.call:
            return
        self._recent.append(ran)
        del self._recent[:-_RECENT]
        for cycle in self._cycles.values():
            cycle.pending.append(ran)
            cycle.spoiled |= any(
                earlier.call in self._reuses or (earlier.retained and not ran.walked) for earlier in cycle.wasted
            )
            cycle.left = event.look.evidence(cycle.parameters)

    def _written(self, event: GradsClipped | ScalerUnscaled) -> None:
        """What the last backward left is changed as programs do before a step."""
        if isinstance(event, ScalerUnscaled):
            cycle = self._cycles.get(event.optimizer)
            if cycle is not None:
                cycle.unscaled = True
            return
        for cycle in self._cycles.values():
            if cycle.left:
                cycle.left = event.look.evidence(cycle.parameters)

    def _cleared(self, event: GradsCleared) -> None:
        recent, self._recent = self._recent, []
        if not event.cleared:
            self._recent = recent
            return
        if not recent:
            return
        if len(self._cycles) > _OPTIMIZERS:
            self._cycles = {}
        for optimizer in event.holders:
            self._cycles.setdefault(optimizer, Cycle()).clear(event, recent)

    def _steps(self, event: StepBegan) -> Iterator[Finding]:
        if event.gradients is None:
            return
        if len(self._rows) > _OPTIMIZERS:
            self._rows = {}
        row = self._rows.get(event.optimizer)
        if row is None:
            row = self._rows[event.optimizer] = _Row()
        row.cycles += 1
        cycle = self._cycles.get(event.optimizer)
        if cycle is None or event.has_closure:
            row.empty = row.parts = 0
            return
        is_empty = cycle.empties and event.gradients != "some"
        row.empty = row.empty + 1 if is_empty else 0
        if row.empty >= _EMPTY:
            yield _say_empty(event, cycle, row.empty)
        part = None if is_empty else self._part(event, cycle)
        row.parts = row.parts + 1 if part is not None and part == row.part else int(part is not None)
        row.part = part or 0
        if part is None:
            return
        row.said = _say_part(event, cycle, part, row.parts)
        if row.parts >= (_HALVES if part == _TWO else _PARTS):
            row.has_spoken = True
            yield row.said

    def _part(self, event: StepBegan, cycle: Cycle) -> int | None:
        if event.gradients != "some" or not cycle.wasted:
            return None
        return cycle.keeps_one_of(event.look.evidence(cycle.parameters), event.look.values(cycle.parameters))


def _is_all(row: _Row) -> bool:
    """Every cycle of the program was such a one, and it was not said yet. The first may be unread."""
    return not row.has_spoken and row.parts >= max(_TWO, row.cycles - 1)


def _say_empty(event: StepBegan, cycle: Cycle, count: int) -> Finding:
    optimizer = event.look.optimizer(event.optimizer)
    return _say(
        cycle.clearings[-1],
        f"This clears the gradients of the backward at line {cycle.wasted[-1].line[0].line} before `{optimizer}` has "
        f"used them: its steps found none in {count} cycles running. Clear them before the backward, or after "
        f"`{optimizer}.step()`.",
        related=(
            Related(site=cycle.wasted[-1].line[0], message="This backward computed the gradients."),
            Related(site=event.site, message="This step found none."),
        ),
        optimizer=optimizer,
        cycles=count,
    )


def _say_part(event: StepBegan, cycle: Cycle, part: int, count: int) -> Finding:
    optimizer = event.look.optimizer(event.optimizer)
    return _say(
        cycle.clearings[-1],
        f"Of {part} backwards before each step of `{optimizer}` this clears the gradients of all but the last: the "
        f"step uses 1 of {part}. Clear once for each step, after `{optimizer}.step()`.",
        related=(
            Related(site=cycle.pending[-1].line[0], message=f"This backward ran {part} times for one step."),
            Related(site=event.site, message="This step used what the last one left."),
        ),
        optimizer=optimizer,
        cycles=count,
    )


def _say(site: Site, message: str, *, related: tuple[Related, ...], optimizer: str, cycles: int) -> Finding:
    return finding(
        RULE,
        at=site,
        message=message,
        related=related,
        facts=(Fact(name="optimizer", value=optimizer), Fact(name="cycles", value=str(cycles))),
    )
