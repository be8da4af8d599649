"""A frame's variables, read so that the frame keeps nothing of the reading."""

from __future__ import annotations

import dis
import functools
import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

_WRITES_BACK_ANYHOW = sys.version_info < (3, 11)
_KEEPS_A_SNAPSHOT = (3, 11) <= sys.version_info < (3, 13)
_HAS_PROXIES = sys.version_info >= (3, 13)
_HOLDERS = 3  # of a frame's dict: the frame, our variable, and the argument of getrefcount


def local_variables(frame: FrameType) -> dict[str, Any]:
    """The frame's local variables, in a dict of our own. Drop it before the program goes on.

    NOTE [f_locals before Python 3.13]: reading it fills a dict that the frame of a function keeps until
    it ends, so what the program deletes later stays alive, a whole graph with it. And if that happens
    inside a trace function, Python writes the dict back over the variables when the function returns,
    which undoes what other threads wrote to a closure's cells meanwhile. So we have it written back
    at once, where it changes nothing and after which nobody does it again, and empty it. Python 3.10
    writes back after every trace function, and what is missing then is deleted: where there is one the dict
    must stay, and every line that is traced brings it up to date; elsewhere it is emptied.
    """
    there = frame.f_locals
    unsafe = _hidden_cells(frame.f_code) if _HAS_PROXIES and frame.f_code.co_cellvars else None
    if unsafe:
        return {name: there[name] for name in sorted(_fast_names(frame) - unsafe) if name in there}
    variables = dict(there)
    if _HAS_PROXIES or not frame.f_code.co_flags & inspect.CO_OPTIMIZED or sys.getrefcount(there) != _HOLDERS:
        return variables
    write_back = _write_back() if _KEEPS_A_SNAPSHOT else None
    if write_back is not None:
        write_back(frame, 0)
        _empty(frame, there)
    elif _WRITES_BACK_ANYHOW and sys.gettrace() is None and sys.getprofile() is None:
        _empty(frame, there)
    return variables


def _empty(frame: FrameType, there: dict[str, Any]) -> None:
    for name in _fast_names(frame).intersection(there):  # the rest the program itself put there
        del there[name]


def _fast_names(frame: FrameType) -> set[str]:
    code = frame.f_code
    return {*code.co_varnames, *code.co_cellvars, *code.co_freevars}


@functools.lru_cache(maxsize=256)
def _hidden_cells(code: CodeType) -> frozenset[str]:
    """Variables of comprehensions that a function inside captures.

    NOTE [hidden cells]: where another comprehension of the same function has a variable of that name
    without a cell, Python 3.13.0 reads it as one and dies of it.
    """
    hidden = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_FAST_AND_CLEAR"}
    return frozenset(hidden & set(code.co_cellvars))


@functools.cache
def _write_back() -> Callable[[FrameType, int], None] | None:
    """Python's own ``PyFrame_LocalsToFast``, as debuggers call it to set a variable."""
    try:
        import ctypes  # noqa: PLC0415 (torch has imported it)

        return ctypes.PYFUNCTYPE(None, ctypes.py_object, ctypes.c_int)(("PyFrame_LocalsToFast", ctypes.pythonapi))
    except (ImportError, AttributeError):  # no CPython
        return None
