"""Keep torch.compile from taking our code for the program's.

NOTE [frames inside a compiled function]: where a graph breaks, dynamo goes on looking at every Python
frame that the program's own frames call, and compiles it: a tap's, a hook's, and all of a capture when the
debugger stops there. The user would see more frames compiled, more breaks and warnings about our code.
So each code object of ours is marked to be run as it is, with whatever it calls.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

Marker = Callable[[CodeType], None]

CALLS_THE_PROGRAM = frozenset({"tapped"})
"""Functions of ours below which frames of the program's run: only they themselves are passed over."""

_BUNDLE = __name__.partition(".")[0]


def keep_uncompiled(torch: ModuleType, bundle: str = _BUNDLE) -> None:
    """Mark every function of the modules of ours that are loaded; does nothing where torch has no way to."""
    marker = _marker(torch)
    if marker is None:
        return
    seen: set[CodeType] = set()
    for name, module in list(sys.modules.items()):
        if _is_below(name, bundle):
            for code in _codes_of(list(vars(module).values()), bundle):
                _mark(code, marker, seen)


def _mark(code: CodeType, marker: Marker, seen: set[CodeType]) -> None:
    """The code, and the functions inside it."""
    waiting = [code]
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            marker(each)
            waiting += [const for const in each.co_consts if isinstance(const, CodeType)]


def _codes_of(values: list[Any], bundle: str) -> Iterator[CodeType]:
    """Of functions, of what wraps them, and of classes' methods, all of them written in the bundle."""
    met: set[int] = set()
    while values:
        value = values.pop()
        if id(value) in met:
            continue
        met.add(id(value))
        if isinstance(value, (staticmethod, classmethod)):
            values.append(value.__func__)
        elif isinstance(value, property):
            values += [value.fget, value.fset]
        elif isinstance(value, FunctionType):
            if value.__code__.co_filename[:1] == "<" or _is_ours(value, bundle):
                yield value.__code__
            values.append(getattr(value, "__wrapped__", None))
        elif isinstance(value, type) and _is_ours(value, bundle):
            values += list(vars(value).values())
        elif callable(value):
            values.append(getattr(value, "__wrapped__", None))  # a cache around a function


def _is_ours(value: Any, bundle: str) -> bool:  # noqa: ANN401 (a function or a class)
    return _is_below(str(getattr(value, "__module__", "")), bundle)


def _is_below(module: str, bundle: str) -> bool:
    return module == bundle or module.startswith(f"{bundle}.")


def _marker(torch: ModuleType) -> Marker | None:
    """Torch's own way to pass over a code object, without importing the compiler."""
    frames = getattr(getattr(torch._C, "_dynamo", None), "eval_frame", None)
    strategy, action = getattr(frames, "_FrameExecStrategy", None), getattr(frames, "_FrameAction", None)
    set_strategy = getattr(frames, "set_code_exec_strategy", None)
    if strategy is None or action is None or set_strategy is None:
        return getattr(frames, "skip_code", None)  # torch < 2.7
    whole, alone = strategy(action.SKIP, action.SKIP), strategy(action.SKIP, action.DEFAULT)

    def mark(code: CodeType) -> None:
        set_strategy(code, alone if code.co_name in CALLS_THE_PROGRAM else whole)

    return mark
