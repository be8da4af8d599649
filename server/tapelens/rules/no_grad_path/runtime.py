"""Runtime twin: four ways in which a loss does not reach the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import (
    BackwardBegan,
    BackwardEnded,
    BackwardForeseen,
    BackwardRaised,
    Cut,
    Event,
    ForwardRan,
    ForwardsWatched,
    OptimizerMade,
    StepBegan,
    Uncaught,
)
from ...wire.findings import Finding
from ...wire.sites import Site
from ..raised_calls import RaisedCalls
from .gained import Gained
from .switched_off import SwitchedOff
from .wording import foreseen, leaf_root, raised

_SAYS = "does not require grad"
_SITES = 64
_ASKED = 5  # calls of a site whose root is a leaf, that are looked into


class NoGradPath:
    """A backward that raised for lack of a path, a root made from a loss, an optimizer that gains nothing."""

    wants: ClassVar[tuple[type, ...]] = (
        BackwardBegan,
        BackwardEnded,
        BackwardRaised,
        BackwardForeseen,
        ForwardRan,
        ForwardsWatched,
        OptimizerMade,
        StepBegan,
        Uncaught,
    )

    def __init__(self) -> None:
        self._raised = RaisedCalls()
        self._asked: dict[Site, int] = {}
        self._gained = Gained()
        self._switched_off = SwitchedOff()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak when a path is missing."""
        match event:
            case BackwardRaised() if _SAYS in event.message:
                self._raised.remember(event)
            case Uncaught() if (before := self._raised.take(event.call)) is not None:
                yield raised(before)
            case BackwardForeseen(reason="no_path"):
                yield foreseen(event)
            case BackwardBegan(accumulates=True, inside=None):
                yield from self._begins(event)
            case BackwardEnded():
                self._gained.backward_ended(event)
            case OptimizerMade():
                self._gained.made(event)
            case StepBegan():
                yield from self._gained.step_begins(event)
                self._switched_off.step_begins(event)
            case ForwardRan() | ForwardsWatched():
                yield from self._switched_off.see(event)
            case _:
                return

    def _begins(self, event: BackwardBegan) -> Iterator[Finding]:
        self._gained.backward_begins(event)
        self._switched_off.backward_begins()
        asked = self._asked.get(event.site, 0)
        if event.root_is_leaf and not event.explicit_gradient and asked < _ASKED:
            if len(self._asked) > _SITES:
                self._asked = {}
            self._asked[event.site] = asked + 1
            cut = event.look.leaf_root()
            if isinstance(cut, Cut):
                yield leaf_root(event, cut)
