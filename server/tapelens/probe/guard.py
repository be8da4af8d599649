"""The probe never raises into the user's program: a fault of ours is told once, and what failed goes quiet."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import ParamSpec, TypeVar

Report = Callable[[str, str], None]
"""Takes where it happened and what, in one line each."""

P = ParamSpec("P")
T = TypeVar("T")


class Guard:
    """Wraps the functions of one tap; the first exception in any of them silences them all.

    ``KeyboardInterrupt`` and ``SystemExit`` are the user's and pass.

    Attributes:
        quiet: The tap has failed, or was told to be quiet: its functions do nothing and give None.
    """

    def __init__(self, where: str, report: Report) -> None:
        self.quiet = False
        self._where = where
        self._report = report

    def __call__(self, function: Callable[P, T]) -> Callable[P, T | None]:
        """The function, guarded."""

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
            if self.quiet:
                return None
            try:
                return function(*args, **kwargs)
            except Exception as fault:
                self.fail(fault)
                return None

        return guarded

    def fail(self, fault: Exception) -> None:
        """This fault of ours silences the tap, and is told."""
        self.quiet = True
        try:
            self._report(self._where, describe(fault))
        except Exception:
            return


def guard(where: str, report: Report) -> Guard:
    """A guard for one tap, to be used as a decorator of each of its functions."""
    return Guard(where, report)


def describe(fault: BaseException) -> str:
    """A fault of ours in one line, with where it was."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" ({PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
    return f"{type(fault).__name__}: {fault}{where}"


def text_of(error: BaseException) -> str:
    """What an exception says; a ``__str__`` of the user's may itself raise."""
    try:
        return str(error)
    except Exception:
        return "(its text cannot be had: its __str__ raises)"
