"""Keep torch.compile from our own code.

NOTE [frames below a compiled module]: while a compiled function or module runs, torch.compile looks at every
Python frame that is entered, torch's own files apart, and would compile ours: a frame more, a graph break,
an error under ``fullgraph``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

_PROBE = __name__.rpartition(".")[0]


_CALLS_THE_USERS = (
    f"{_PROBE}.taps.importlib_bootstrap_seam",
    f"{_PROBE}.entry",
    f"{_PROBE}.pydevd",
    f"{_PROBE}.timeline.threads",
)
"""Stands between the program and what it called: what runs below is the program's own."""


def keep_from_compile(probe: str = _PROBE) -> None:
    """Mark all of the probe's code as not to be compiled, and what it calls with it."""
    for name, module in list(sys.modules.items()):
        if name.startswith(probe):
            skip = _skip(deeply=not name.startswith(_CALLS_THE_USERS))
            if skip is None:
                return
            for code in _codes_of(vars(module), home=name):
                skip(code)


def _skip(*, deeply: bool) -> Any:  # noqa: ANN401 (takes a code object)
    """How torch marks code, by its version; None when it cannot."""
    frames: Any = getattr(sys.modules["torch"]._C, "_dynamo", None)
    frames = getattr(frames, "eval_frame", None)
    mark = getattr(frames, "set_code_exec_strategy", None)
    strategy, action = getattr(frames, "_FrameExecStrategy", None), getattr(frames, "_FrameAction", None)
    if mark is None or strategy is None or action is None:
        return getattr(frames, "skip_code", None)  # before torch 2.7
    skipped = strategy(action.SKIP, action.SKIP if deeply else action.DEFAULT)
    return lambda code: mark(code, skipped)


def _codes_of(names: dict[str, Any], *, home: str) -> Iterator[CodeType]:
    for value in list(names.values()):
        function: Any = value
        if isinstance(value, property):
            function = value.fget
        elif isinstance(value, (classmethod, staticmethod)):
            function = value.__func__
        if isinstance(function, type) and function.__module__ == home:
            yield from _codes_of(dict(vars(function)), home=home)
        elif isinstance(function, FunctionType) and function.__module__ == home:
            yield from _with_inner(function.__code__)


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _with_inner(const)
