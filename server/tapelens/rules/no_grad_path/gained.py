"""An optimizer none of whose parameters ever gains a gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...events import BackwardBegan, BackwardEnded, Cut, OptimizerMade, StepBegan
from ...wire.findings import Finding
from .wording import nothing_gained, nothing_requires_grad

_CYCLES = 3
_AT_MOST = 64
_PATIENCE = 100  # backwards, after which an optimizer is given up on
_ASKED = 8  # times that a cut is looked for


@dataclass(slots=True)
class _Waiting:
    """An optimizer of which no parameter has been seen with a gradient.

    Attributes:
        cycles: Rounds of backward and step so far.
        backward: The last backward since its last step, None without one.
        seen: Backwards so far.
    """

    cycles: int = 0
    seen: int = 0
    backward: BackwardBegan | None = None


class Gained:
    """Optimizers by serial, until each has been seen with a gradient."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._done: set[int] = set()
        self._running: BackwardBegan | None = None
        self._latest: BackwardBegan | None = None
        self._cut: Cut | None = None
        self._asked = 0
        self._somebody_gained = False

    def made(self, event: OptimizerMade) -> None:
        """From now on it is waited for."""
        self._wait_for(event.optimizer)

    def backward_begins(self, event: BackwardBegan) -> None:
        """Where it is about to be too late, ask what cuts the path while the frames are there."""
        self._running = self._latest = None
        if event.step is not None or event.root_is_leaf:
            return
        self._running = self._latest = event
        self._cut = None
        if self._asked < _ASKED and any(waiting.cycles == _CYCLES - 1 for waiting in self._waiting.values()):
            self._asked += 1
            self._cut = event.look.cut()

    def backward_ended(self, event: BackwardEnded) -> None:
        """Who has a gradient now is done with."""
        running = self._running
        if running is None or running.call != event.call:
            return
        self._running = None
        for optimizer, waiting in list(self._waiting.items()):
            waiting.seen += 1
            gained = event.look.any_gradient(optimizer)
            self._somebody_gained |= gained is True
            if waiting.seen > _PATIENCE or gained:
                self._finish(optimizer)
            else:
                waiting.backward = running

    def step_begins(self, event: StepBegan) -> Iterator[Finding]:
        """One more round without a gradient; speak after three."""
        if event.optimizer in self._done or event.inside is not None:
            return
        gained = event.look.any_gradient(event.optimizer)
        self._somebody_gained |= gained is True
        frozen = gained is None and event.look.is_frozen(event.optimizer)
        if event.has_closure or (gained is not False and not frozen):
            self._finish(event.optimizer)
            return
        # NOTE [the first round]: what an optimizer holds is not read before its first step, so that
        # someone may have cleared its gradients by then. The rounds that follow would tell.
        waiting = self._waiting.get(event.optimizer) or self._wait_for(event.optimizer, self._latest)
        backward, waiting.backward = waiting.backward, None
        if backward is None:
            return
        waiting.cycles += 1
        if waiting.cycles < _CYCLES:
            return
        self._finish(event.optimizer)
        if frozen:
            # one of several may hold what is thawed later on
            if not self._somebody_gained:
                yield nothing_requires_grad(event, backward)
        elif self._cut is not None or _should_have(event, backward):
            yield nothing_gained(event, backward, self._cut)

    def _wait_for(self, optimizer: int, backward: BackwardBegan | None = None) -> _Waiting:
        if len(self._waiting) > _AT_MOST:
            del self._waiting[next(iter(self._waiting))]
        return self._waiting.setdefault(optimizer, _Waiting(backward=backward))

    def _finish(self, optimizer: int) -> None:
        self._waiting.pop(optimizer, None)
        self._done.add(optimizer)


def _should_have(event: StepBegan, backward: BackwardBegan) -> bool:
    """The graph led to leaves of this optimizer's and to no others.

    One that leads elsewhere is not cut, as far as is known: the loss was another one's, or the optimizer
    holds the wrong parameters, and another rule says so.
    """
    return bool(backward.reaches) and backward.reaches <= event.look.held_by(event.optimizer)
