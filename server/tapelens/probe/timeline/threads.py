"""Hear what each thread has counted, though it ran nobody's code that is watched.

NOTE [every thread counts from 0]: a node's number says nothing of its thread. That a thread which is watched
may claim a number takes that no other thread counted so far.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

_ENDS = (
    ("threading", "Thread", "_delete", "_bootstrap_inner"),
    ("concurrent.futures.thread", "_WorkItem", "run", ""),
)
"""What the standard library calls on a thread as the last thing, and around each task of a pool's.

Each with what calls it; that of Python 3.10 does not, and is followed itself.
"""


class ThreadTap:
    """Calls back on each thread before it ends, and after each task that a pool gave it.

    Args:
        note: Reads the thread's clock. It must not raise.
        ended: As ``note``, as the thread ends.
    """

    def __init__(self, note: Callable[[], None], ended: Callable[[], None]) -> None:
        self._calls = (ended, note)
        self._put: list[tuple[Any, str, Any, Any]] = []

    def install(self) -> None:
        """Take the place of those functions that are there."""
        for (module, owner_name, name, instead), call in zip(_ENDS, self._calls, strict=True):
            owner = getattr(sys.modules.get(module), owner_name, None)
            if not isinstance(owner, type):
                continue
            around = vars(owner).get(instead)
            if isinstance(around, FunctionType) and name not in around.__code__.co_names:
                name = instead  # noqa: PLW2901 (what takes its place)
            original = vars(owner).get(name)
            if isinstance(original, FunctionType):
                ours = _followed(original, call)
                setattr(owner, name, ours)
                self._put.append((owner, name, ours, original))

    def remove(self) -> None:
        """Put back what was there, unless others took the place since."""
        for owner, name, ours, original in self._put:
            if vars(owner).get(name) is ours:
                setattr(owner, name, original)
        self._put = []


def _followed(original: Callable[..., Any], call: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def noted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever the original takes and gives)
        try:
            return original(*args, **kwargs)
        finally:
            call()

    return noted
