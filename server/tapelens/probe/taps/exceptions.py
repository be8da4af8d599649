"""The tap on exceptions that nobody catches."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from ...events import Event, Uncaught
from ..blame.lost import lost_by
from ..guard import Report, guard, text_of
from ..sites import owner_of, raised_site

_REASONS = 16


class ExceptionTap:
    """Sits before the program's own exception hooks; says nothing where the user can hear it.

    Attributes:
        raised: An exception has left the main thread.
    """

    def __init__(
        self, emit: Callable[[Event], None], report: Report, *, call_of: Callable[[BaseException], int | None]
    ) -> None:
        self.raised = False
        self._emit = emit
        self._call_of = call_of
        self._guard = guard("uncaught exceptions", report)
        self._put: list[tuple[Any, Callable[..., object], Callable[..., object]]] = []

    def install(self) -> None:
        """Chain before what is there."""
        self._guard.quiet = False
        saw = self._guard(self._saw)

        def chain(module: Any, before: Callable[..., object], see: Callable[..., object]) -> None:  # noqa: ANN401
            def excepthook(*args: Any) -> None:  # noqa: ANN401 (as each hook takes them)
                see(*args)
                before(*args)

            self._put.append((module, excepthook, before))
            module.excepthook = excepthook

        def on_main(_kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
            self.raised = self.raised or not self._guard.quiet
            saw(value, trace)

        def on_thread(args: threading.ExceptHookArgs) -> None:
            if args.exc_value is not None:
                saw(args.exc_value, args.exc_traceback)

        chain(sys, sys.excepthook, on_main)
        chain(threading, threading.excepthook, on_thread)

    def remove(self) -> None:
        """Put back what was there; where someone chained after us, stay and be quiet."""
        self._guard.quiet = True
        for module, ours, before in self._put:
            if module.excepthook is ours:
                module.excepthook = before
        self._put = []

    def _saw(self, value: BaseException, trace: TracebackType | None) -> None:
        _leave_out_ours_of(trace)
        leave_out_ours(value)
        self._emit(
            Uncaught(
                call=self._call_of(value),
                type_name=type(value).__name__,
                message=text_of(value),
                site=raised_site(trace),
                lost=lost_by(value),
            )
        )


def _reasons(value: BaseException) -> Iterator[BaseException]:
    """Exceptions that are printed with this one."""
    reason: BaseException | None = value
    while reason is not None:
        yield reason
        reason = reason.__cause__ or reason.__context__


def leave_out_ours(value: BaseException) -> None:
    """Take our own frames out of the tracebacks that the user is about to read."""
    for reason in itertools.islice(_reasons(value), _REASONS):
        _leave_out_ours_of(reason.__traceback__)


def _leave_out_ours_of(trace: TracebackType | None) -> None:
    while trace is not None:
        while trace.tb_next is not None and owner_of(trace.tb_next.tb_frame) == "ours":
            trace.tb_next = trace.tb_next.tb_next
        trace = trace.tb_next
