"""When the program's steps ended, on the clock that autograd's nodes are numbered by."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...events import BackwardBegan, BackwardEnded, Event, StepEnded
from .hearing import all_told_first

_TAKERS = 4096  # optimizers or backward sites that are remembered a thread
_CLOCKS = 1024  # steps of one that are remembered
_RETIRED_AFTER = 20  # rounds without a step
_TWO = 2  # steps, before which nothing is old


@dataclass(slots=True)
class _Taker:
    """An optimizer, or a line of backwards where there is none: it takes one step after the other.

    Attributes:
        round: The round in which it took its last step.
        clocks: The clock at the end of each step.
    """

    round: int = 0
    clocks: deque[int] = field(default_factory=lambda: deque[int](maxlen=_CLOCKS))


@dataclass(slots=True)
class _Takers:
    """Those of one thread and kind. A round ends when one of them steps for the second time in it."""

    by_key: dict[object, _Taker] = field(default_factory=dict[object, _Taker])
    round: int = 1

    def ended(self, key: object, clock: int) -> None:
        """A step ended at this clock."""
        if len(self.by_key) > _TAKERS:
            self.by_key.clear()
        taker = self.by_key.get(key)
        if taker is None:
            taker = self.by_key[key] = _Taker()
        if taker.round == self.round:
            self.round += 1
        taker.round = self.round
        if taker.clocks and taker.clocks[-1] > clock:  # another thread, which got the number of one that ended
            taker.clocks.clear()
        taker.clocks.append(clock)

    def boundaries(self, clock: int) -> tuple[int, ...]:
        """The ends of the slowest active one's steps; none when one has not taken two."""
        active = [each for each in self.by_key.values() if self.round - each.round < _RETIRED_AFTER]
        if not active or any(len(each.clocks) < _TWO or each.clocks[-1] > clock for each in active):
            return ()
        return tuple(min((each.clocks for each in active), key=lambda clocks: clocks[-_TWO]))


@dataclass(slots=True)
class _Thread:
    """One thread's: sequence numbers are a thread's own."""

    optimizers: _Takers = field(default_factory=_Takers)
    backwards: _Takers = field(default_factory=_Takers)


class StepClock:
    """Listens to events, and says where on the clock the earlier steps lie."""

    def __init__(self) -> None:
        self._threads: dict[int, _Thread] = {}
        self._frees: dict[int, bool] = {}

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``, with this clock told first."""
        return all_told_first(
            emit,
            {StepEnded: self._step_ended, BackwardBegan: self._backward_began, BackwardEnded: self._backward_ended},
        )

    def boundaries(self) -> tuple[int, ...]:
        """The clock at the ends of this thread's steps so far; none while that cannot be told.

        NOTE [whose steps count]: of several optimizers the slowest gives the boundaries, so that what a
        generator made before its critic's five steps is still of the same step. One that has not
        stepped for long is done with. Without an optimizer, the backwards of one line that free their
        graph count.
        """
        thread = self._threads.get(threading.get_ident())
        clock = sequence_clock()
        if thread is None or clock is None:
            return ()
        return (thread.optimizers if thread.optimizers.by_key else thread.backwards).boundaries(clock)

    def _step_ended(self, event: StepEnded) -> None:
        self._ended(self._here().optimizers, event.optimizer)

    def _backward_began(self, event: BackwardBegan) -> None:
        self._frees[event.call] = event.accumulates and not event.retain_graph and event.inside is None
        if len(self._frees) > _TAKERS:  # calls that raised
            self._frees.clear()

    def _backward_ended(self, event: BackwardEnded) -> None:
        if self._frees.pop(event.call, False):
            self._ended(self._here().backwards, (event.site.path, event.site.line))

    def _here(self) -> _Thread:
        number = threading.get_ident()
        thread = self._threads.get(number)
        if thread is None:
            thread = self._threads[number] = _Thread()
        return thread

    def _ended(self, takers: _Takers, key: object) -> None:
        clock = sequence_clock()
        if clock is not None:
            takers.ended(key, clock)


def sequence_clock() -> int | None:
    """The number that this thread's next node will get."""
    read: Any = getattr(sys.modules["torch"]._C._autograd, "_get_sequence_nr", None)
    return None if read is None else int(read())
