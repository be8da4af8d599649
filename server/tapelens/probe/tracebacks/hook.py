"""The exception hooks that print more below a traceback."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any


class ExplainingHook:
    """Sits behind the program's own exception hooks: what they print stands first, unchanged.

    Args:
        explain: Gives what there is to say of an exception, lines of text or nothing; never raises.
    """

    def __init__(self, explain: Callable[[BaseException], str | None]) -> None:
        self._explain = explain
        self._put: list[tuple[Any, Callable[..., object], Callable[..., object]]] = []
        self._quiet = False

    def install(self) -> None:
        """Chain after what is there."""
        self._chain(sys, lambda args: args[1] if len(args) > 1 else None)
        self._chain(threading, lambda args: args[0].exc_value)

    def remove(self) -> None:
        """Put back what was there; where someone chained after us, stay and be quiet."""
        self._quiet = True
        for module, ours, before in self._put:
            if module.excepthook is ours:
                module.excepthook = before
        self._put = []

    def _chain(self, module: Any, error_of: Callable[[tuple[Any, ...]], object]) -> None:  # noqa: ANN401 (has excepthook)
        before = module.excepthook

        def excepthook(*args: Any) -> None:  # noqa: ANN401 (as each hook takes them)
            error = error_of(args)
            told = None if self._quiet or not isinstance(error, Exception) else self._explain(error)
            before(*args)
            if told and sys.stderr is not None:
                _print(told)

        self._put.append((module, excepthook, before))
        module.excepthook = excepthook


def _print(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:  # it is closed
        return
