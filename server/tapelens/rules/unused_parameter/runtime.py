"""Runtime twin: children of the user's modules that never ran in training though an optimizer holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from ...events import (
    BackwardBegan,
    Event,
    ForwardRan,
    ForwardsWatched,
    Idle,
    OptimizerMade,
    ProgramEnded,
    StepBegan,
    StepEnded,
)
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from ..watched import Watched
from . import RULE

_ITERATIONS = 5
_AT_THE_END = 3
_REMEMBERED = 1024


@dataclass(slots=True)
class _Iteration:
    """What ran since an optimizer's last step, and what did not."""

    ran: set[int] = field(default_factory=set[int])
    idle: dict[int, Idle] = field(default_factory=dict[int, Idle])
    backward: bool = False


@dataclass(slots=True)
class _Suspect:
    """A child that has never run.

    Attributes:
        iterations: In which its parent ran and it did not.
        step: The last one's step.
        optimizer: Its name.
    """

    idle: Idle
    step: Site
    optimizer: str
    iterations: int = 0
    said: bool = False


class UnusedParameter:
    """Counts, for each child, the training iterations without it."""

    wants: ClassVar[tuple[type, ...]] = (
        ForwardRan,
        ForwardsWatched,
        OptimizerMade,
        BackwardBegan,
        StepBegan,
        StepEnded,
        ProgramEnded,
    )

    def __init__(self) -> None:
        self._watched = Watched()
        self._iterations: dict[int, _Iteration] = {}
        self._suspects: dict[int, _Suspect] = {}
        self._used: set[int] = set()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak as the fifth such step begins, or at the program's end."""
        match event:
            case ForwardRan():
                self._ran(event)
            case BackwardBegan(accumulates=True, inside=None):
                for iteration in self._iterations.values():
                    iteration.backward = True
            case StepBegan():
                yield from self._step(event)
            case ForwardsWatched():
                self._iterations.clear()
            case ProgramEnded(raised=False):
                for suspect in self._suspects.values():
                    if not suspect.said and suspect.iterations >= _AT_THE_END:
                        yield from _say(suspect)
            case _:
                pass
        self._watched.hear(event)

    def _ran(self, event: ForwardRan) -> None:
        ran = {module.module for module in event.ran}
        for module in ran & self._suspects.keys():
            del self._suspects[module]
            self._used.add(module)
        optimizers = {serial for module in event.ran for serial in module.held_by}
        for optimizer in optimizers | {serial for idle in event.idle for serial in idle.held_by}:
            iteration = self._iterations.setdefault(optimizer, _Iteration())
            iteration.idle.update((idle.module, idle) for idle in event.idle if optimizer in idle.held_by)
        for iteration in self._iterations.values():
            iteration.ran |= ran

    def _step(self, event: StepBegan) -> Iterator[Finding]:
        iteration = self._iterations.pop(event.optimizer, None)
        if event.inside is not None or iteration is None or not iteration.backward:
            return
        if not self._watched.is_whole(event.optimizer):
            return
        for idle in iteration.idle.values():
            if idle.module in iteration.ran or idle.module in self._used:
                continue
            if event.look.gradients(idle.parameters):  # used without being called: tied weights, a functional call
                self._used.add(idle.module)
                self._suspects.pop(idle.module, None)
                continue
            suspect = self._suspect(idle, event)
            suspect.iterations += 1
            if suspect.iterations >= _ITERATIONS and not suspect.said:
                suspect.said = True
                yield from _say(suspect)

    def _suspect(self, idle: Idle, event: StepBegan) -> _Suspect:
        suspect = self._suspects.get(idle.module)
        if suspect is None:
            if len(self._suspects) >= _REMEMBERED:
                self._suspects.clear()
            optimizer = event.look.optimizer(event.optimizer)
            suspect = self._suspects[idle.module] = _Suspect(idle, event.site, optimizer)
        return suspect


def _say(suspect: _Suspect) -> Iterator[Finding]:
    idle = suspect.idle
    if idle.made is None or idle.made.in_library:
        return
    count = len(idle.parameters)
    amount = "1 parameter" if count == 1 else f"{count} parameters"
    if idle.is_named:
        advice = f"`{idle.parent}` does call it under some condition; leave it out of the optimizer where it does not."
    else:
        advice = f"No method of `{idle.parent}` calls it: call it in `forward`, or take it out."
    yield finding(
        RULE,
        at=idle.made,
        severity="information" if idle.is_named else None,
        message=(
            f"`{idle.name}` ({idle.kind}) never ran in {suspect.iterations} training steps in which its "
            f"`{idle.parent}` ran: {amount} that `{suspect.optimizer}` holds got no gradient and cannot learn. {advice}"
        ),
        related=(
            Related(site=suspect.step, message=f"This step of `{suspect.optimizer}` found no gradient for them."),
        ),
        facts=(Fact(name="parameters", value=str(count)), Fact(name="steps", value=str(suspect.iterations))),
    )
