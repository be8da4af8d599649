"""What is to be done in the children that a process forks."""

from __future__ import annotations

import os
from collections.abc import Callable

_wanted: list[Callable[[], None]] = []
_registered: list[bool] = []


def in_forked_children(call: Callable[[], None]) -> None:
    """Have it called, once, in the next child and not in that one's own children."""
    # NOTE [fork handlers stay]: Python cannot take one out again. This one does nothing without a probe.
    _wanted.append(call)
    if not _registered and hasattr(os, "register_at_fork"):
        _registered.append(True)
        os.register_at_fork(after_in_child=_in_child)


def not_in_forked_children(call: Callable[[], None]) -> None:
    """Have it called no more."""
    if call in _wanted:
        _wanted.remove(call)


def _in_child() -> None:
    wanted, _wanted[:] = _wanted[:], []
    for call in wanted:
        _careful(call)


def _careful(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        return
