"""Which line and which module made each node, told from how far the sequence clock went where."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterable

from ...wire.commands import Lines
from ...wire.snapshot import LinesState
from ..guard import Report, describe
from ..uncompiled import keep_from_compile
from ..weaving import Enter, Weave, module_calls
from .calls import enter_call
from .monitoring import LineTap
from .threads import ThreadTap
from .tracing import TraceTap
from .tracks import UNKNOWN, Origin, Tracks

__all__ = ["UNKNOWN", "Origin", "Timeline"]


class Timeline:
    """Notes where each thread is, whenever that changes.

    Args:
        lines: How finely.
        report_fault: Takes a fault of ours; the timeline is quiet from then on.
        calls: Calls of modules, when others listen to them too.

    Attributes:
        missing: What was looked for in vain, in words.
    """

    def __init__(self, lines: Lines, report_fault: Report, *, calls: Weave | None = None) -> None:
        self.missing: list[str] = []
        self._calls = calls or module_calls()
        self._lines = lines
        self._report = report_fault
        self._state: LinesState = "off"
        self._tracks: Tracks | None = None
        self._enter: Enter | None = None
        self._line_tap: LineTap | None = None
        self._trace_tap: TraceTap | None = None
        self._thread_tap: ThreadTap | None = None

    @property
    def state(self) -> LinesState:
        """How finely lines are known."""
        return self._state

    def install(self) -> None:
        """Begin; torch is imported by now. Again after ``remove`` if wished."""
        if self._lines == "off" or self._tracks is not None:
            return
        autograd = getattr(sys.modules["torch"]._C, "_autograd", None)
        clock = getattr(autograd, "_get_sequence_nr", None)
        if clock is None:
            self.missing.append("autograd's sequence clock: nodes have neither line nor module")
            return
        keep_from_compile()
        self._tracks = tracks = Tracks(clock)
        atexit.register(self.remove)  # what runs while the interpreter is taken down finds nothing of ours
        if sys.version_info >= (3, 12):
            self._line_tap = LineTap(tracks, self._fail)
            if self._line_tap.install():
                self._state = "every_line"
            else:
                self.missing.append("a tool id of sys.monitoring: lines are known of modules' calls only")
        elif self._lines == "every_line":
            self._trace_tap = TraceTap(tracks, self._fail)
            self._trace_tap.install()
            self._state = "every_line"
        self._thread_tap = ThreadTap(self._careful(tracks.note_thread), self._careful(tracks.thread_ends))
        self._thread_tap.install()
        with_lines = self._state != "every_line"
        self._enter = enter_call(tracks, self._fail, with_lines=with_lines)
        if not self._calls.listen(self._enter):
            self.missing.append("torch's Module.__call__: nodes have no module")
        elif self._state == "off":
            self._state = "module_calls"

    def remove(self) -> None:
        """Take everything out again. What is known of nodes made so far is forgotten."""
        atexit.unregister(self.remove)
        if self._enter is not None:
            self._calls.leave_off(self._enter)
        for tap in (self._line_tap, self._trace_tap, self._thread_tap):
            if tap is not None:
                tap.remove()
        self._enter = self._line_tap = self._trace_tap = self._thread_tap = self._tracks = None
        self._state = "off"

    def note(self) -> None:
        """What the calling thread has made by now was made where it stands."""
        if self._tracks is not None:
            self._tracks.note()

    def stand_still(self) -> Callable[[], None]:
        """The calling thread stops in a debugger; call what is returned, on it, when it goes on."""
        try:
            go_on = _nothing if self._tracks is None else self._tracks.stand_still()
        except Exception as fault:
            self._fail(fault)
            return _nothing

        def look_after() -> None:
            go_on()
            if self._trace_tap is not None:
                self._trace_tap.after_stop(sys._getframe(1))

        return self._careful(look_after)

    def origins(self, sequences: Iterable[int]) -> list[Origin]:
        """Of nodes by their sequence numbers; of -1 (AccumulateGrad) it is unknown."""
        if self._tracks is None:
            return [UNKNOWN for _ in sequences]
        return self._tracks.origins(sequences)

    def _careful(self, call: Callable[[], None]) -> Callable[[], None]:
        def careful() -> None:
            try:
                call()
            except Exception as fault:
                self._fail(fault)

        return careful

    def _fail(self, fault: Exception) -> None:
        if isinstance(fault, (RecursionError, MemoryError)):  # the program's own, and about to be told to it
            return
        self.remove()
        self._report("lines and modules of nodes", describe(fault))


def _nothing() -> None:
    return None
