"""A module that is to be trained and whose forward pass never runs with grad mode on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...events import ForwardRan, ForwardsWatched, StepBegan
from ...wire.findings import Finding
from .wording import switched_off

_ITERATIONS = 5
_MODULES = 1 << 15  # a program that goes on making modules is not judged any further


@dataclass(slots=True)
class _Off:
    """A module that ran with grad mode off only.

    Attributes:
        iterations: In how many, the last of them ``latest``.
    """

    iterations: int
    latest: int


class SwitchedOff:
    """Outermost calls of modules in training mode, by the module's serial."""

    def __init__(self) -> None:
        self._iteration = 0
        self._ran_backward = False
        self._off: dict[int, _Off] = {}
        self._done: set[int] = set()

    def backward_begins(self) -> None:
        """What is trained without one may do without grad mode."""
        self._ran_backward = True

    def step_begins(self, event: StepBegan) -> None:
        """The next iteration."""
        if event.inside is None and self._ran_backward:
            self._iteration += 1
            self._ran_backward = False

    def see(self, event: ForwardRan | ForwardsWatched) -> Iterator[Finding]:
        """Count the iterations of a module that runs with grad mode off; one with it on settles it."""
        if isinstance(event, ForwardsWatched) or len(self._done) > _MODULES:
            return
        for ran in event.ran:
            if ran.with_grad:
                self._done.add(ran.module)
                self._off.pop(ran.module, None)
        if event.with_grad or not event.training or event.module in self._done:
            return
        if not any(ran.held_by for ran in event.ran):
            return
        off = self._off.setdefault(event.module, _Off(iterations=0, latest=-1))
        if off.latest != self._iteration:
            off.iterations, off.latest = off.iterations + 1, self._iteration
        if off.iterations < _ITERATIONS:
            return
        self._done.add(event.module)
        if event.look.is_trained(event.module):
            yield switched_off(event.look.grad_switched_off(), event.look.module(event.module), event.site)
