"""Runtime twin: counts steps running that should have changed a parameter and did not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...events import Event, Look, ProgramEnded, StepBegan, StepEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE

_STEPS = 10
_STEPS_AT_THE_END = 3
_AT_MOST = 64
_OPTIMIZERS = 4096


@dataclass(slots=True)
class _Row:
    """Steps of one optimizer, since its first, that changed nothing.

    Attributes:
        said: What would be said now: names are only known while a step runs.
    """

    count: int = 0
    moves: bool = False
    said: Finding | None = None


class StepUpdatesNothing:
    """An optimizer no step of which ever changed a value, though it should have."""

    wants: ClassVar[tuple[type, ...]] = (StepBegan, StepEnded, ProgramEnded)

    def __init__(self) -> None:
        self._running: dict[int, StepBegan] = {}
        self._rows: dict[int, _Row] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak at the tenth step, or as the program ends."""
        match event:
            case StepBegan():
                self._running[event.step] = event
                if len(self._running) > _AT_MOST:  # steps that raised
                    del self._running[next(iter(self._running))]
            case StepEnded():
                began = self._running.pop(event.step, None)
                if began is not None and not self._is_inside_own(began):
                    yield from self._judge(began, event)
            case ProgramEnded(raised=False):
                for row in self._rows.values():
                    if not row.moves and _STEPS_AT_THE_END <= row.count < _STEPS and row.said is not None:
                        yield row.said
            case _:
                return

    def _is_inside_own(self, began: StepBegan) -> bool:
        """``super().step()``: the whole step is judged."""
        outer = None if began.inside is None else self._running.get(began.inside)
        return outer is not None and outer.optimizer == began.optimizer

    def _judge(self, began: StepBegan, event: StepEnded) -> Iterator[Finding]:
        if event.moved is None or began.found_inf or began.has_closure:
            return
        if len(self._rows) > _OPTIMIZERS:
            self._rows = {}
        row = self._rows.setdefault(event.optimizer, _Row())
        row.moves |= event.moved
        if row.moves:
            row.said = None
            return
        row.count += 1
        if _STEPS_AT_THE_END <= row.count <= _STEPS:
            row.said = _say(event.look, event.optimizer, began, row.count, began.site)
        if row.count >= _STEPS and row.said is not None:
            yield row.said


def _say(look: Look, optimizer: int, began: StepBegan, count: int, site: Site) -> Finding:
    name = look.optimizer(optimizer)
    parameters = sorted(look.held_by(optimizer))
    norm = look.norm(parameters)
    rates = sorted({rate for rate in began.learning_rates if rate is not None})
    of_rate = f"a learning rate of {rates[-1]:g}" if rates else "its learning rate"
    of_norm = "gradients that are not zero" if norm is None else f"gradients of norm {norm:.3g}"
    return finding(
        RULE,
        at=site,
        message=(
            f"{count} steps of `{name}` with {of_rate} and {of_norm} changed none of the values looked at, and no "
            f"step of it ever did. Is the learning rate too small for the parameters' precision, or does the step "
            f"write to copies of them?"
        ),
        facts=(
            Fact(name="optimizer", value=name),
            Fact(name="steps that changed nothing", value=str(count)),
        ),
    )
