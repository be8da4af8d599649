"""When calls of modules are watched: in some iterations after anything new, and in one of fifty."""

from __future__ import annotations

from ...events import Event, ForwardRan, ModeSet, OptimizerMade, StepEnded

_ITERATIONS = 6  # watched after something new: one of them may have begun already
_ONE_OF = 50
_NEW_OPTIMIZERS = 32  # in the process: one that is made anew for every step is nothing new
_CALLS = 512  # outermost calls of one iteration that are watched
_CALLS_WITHOUT = 64  # where nobody steps
_MODES = 5  # visits of a line that changes a mode which count as new, after that one of fifty
_SITES = 1024


class Duty:
    """Counts what costs.

    NOTE [no cost off duty]: while nothing is watched the calls run torch's own code, so that it costs
    nothing, however many modules there are. What wakes us are things that happen rarely or are told
    anyhow: steps, optimizers made, a change of mode.

    Attributes:
        is_on: Calls are to be watched.
    """

    def __init__(self) -> None:
        self.is_on = True
        self._iterations = _ITERATIONS
        self._calls = _CALLS_WITHOUT
        self._steps = 0
        self._seen: set[int] = set()
        self._recent: set[int] = set()
        self._modes: dict[tuple[str, int], int] = {}

    def hear(self, event: Event) -> None:
        """Take what happened; ``is_on`` tells what follows from it."""
        match event:
            case ForwardRan():
                self._calls -= 1
                self.is_on = self._calls > 0
            case StepEnded():
                self._stepped(event.optimizer)
            case OptimizerMade():
                self._meet(event.optimizer)
            case ModeSet():
                self._changed_mode(event)
            case _:
                return

    def _stepped(self, optimizer: int) -> None:
        self._steps += 1
        self._meet(optimizer)
        self._recent.add(optimizer)
        if not self._steps % _ONE_OF:  # of several optimizers a whole iteration of each: all but this one's have begun
            self._iterations = max(self._iterations, 2 * len(self._recent) - 1)
            self._recent.clear()
        self.is_on = self._iterations > 0
        self._iterations = max(0, self._iterations - 1)
        self._calls = _CALLS

    def _meet(self, optimizer: int) -> None:
        if optimizer not in self._seen and len(self._seen) < _NEW_OPTIMIZERS:
            self._seen.add(optimizer)
            self._wake()

    def _changed_mode(self, event: ModeSet) -> None:
        place = event.site.path, event.site.line
        if len(self._modes) > _SITES:
            self._modes.clear()
        visit = self._modes[place] = self._modes.get(place, 0) + 1
        if visit <= _MODES or not visit % _ONE_OF:
            self._wake()

    def _wake(self) -> None:
        self.is_on = True
        self._iterations = _ITERATIONS
        self._calls = max(self._calls, _CALLS_WITHOUT)
