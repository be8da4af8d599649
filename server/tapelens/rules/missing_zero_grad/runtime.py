"""Runtime twin: follows each gradient from the step that used it to the step that would use it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import BackwardBegan, BackwardEnded, Event, StepBegan, StepEnded
from ...wire.findings import Finding
from .closures import Closures
from .hand_written import HandWritten
from .sums import Sums


class MissingZeroGrad:
    """A gradient that a step used, added to by a backward, used by the same optimizer's next step."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan, BackwardEnded, StepBegan, StepEnded)

    def __init__(self) -> None:
        self._sums = Sums()
        self._closures = Closures()
        self._hand_written = HandWritten()
        self._call = 0  # the running call, but none that runs in it

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of a sum that is about to be used."""
        match event:
            case BackwardBegan(accumulates=True, inside=None):
                self._call = event.call
                self._sums.backward_begins(event)
                self._closures.backward_begins(event)
                yield from self._hand_written.backward_begins(event)
            case BackwardEnded() if event.call == self._call:
                self._sums.backward_ended(event)
                yield from self._closures.backward_ended(event)
                self._hand_written.backward_ended(event)
            case StepBegan():
                self._closures.step_begins(event)
                yield from self._sums.step_begins(event)
            case StepEnded():
                self._sums.step_ended(event)
                self._closures.step_ended(event)
            case _:
                return
