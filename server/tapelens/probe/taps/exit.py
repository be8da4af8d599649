"""The tap on the program's end."""

from __future__ import annotations

import atexit
from collections.abc import Callable

from ...events import Event, ProgramEnded
from ..guard import Report, guard


class ExitTap:
    """Tells that the interpreter ends, after an exception too."""

    def __init__(self, emit: Callable[[Event], None], report: Report, *, raised: Callable[[], bool]) -> None:
        self._emit = emit
        self._raised = raised
        self._at_exit = guard("end of program", report)(self._ended)

    def install(self) -> None:
        """Be told at exit."""
        atexit.register(self._at_exit)

    def remove(self) -> None:
        """Be told no more."""
        atexit.unregister(self._at_exit)

    def _ended(self) -> None:
        self._emit(ProgramEnded(raised=self._raised()))
