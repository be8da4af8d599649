"""Where names live: the frames of a stopped thread, and the globals of the user's modules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import CO_NEWLOCALS
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from ...wire.memory import KeeperKind
from ..sites import is_user_file, user_frames
from .variables import local_variables

_PROXIED = (3, 13)
_CLEANED = (3, 11)
_SHOW_LOCALS = frozenset(("locals", "vars", "dir", "eval", "exec"))


class Scope(NamedTuple):
    """A function's or a module's variables."""

    kind: KeeperKind
    name: str
    variables: list[tuple[str, Any]]


def scopes_of(frame: FrameType) -> Iterator[Scope]:
    """The frame's own variables, those of the frames outside it, and the user's modules' globals."""
    modules: dict[int, tuple[str, dict[str, Any]]] = {}
    yield _frame_scope(frame)
    for outer in user_frames(frame):
        modules.setdefault(id(outer.f_globals), (_module_name(outer.f_globals), outer.f_globals))
        if outer is frame:
            continue
        if _has_locals(outer) and may_read_locals(outer):
            yield _frame_scope(outer)
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType and _is_users(module):
            modules.setdefault(id(module.__dict__), (name, module.__dict__))
    if not _has_locals(frame):  # a module's own, told already
        modules.pop(id(frame.f_globals), None)
    for name, variables in modules.values():
        yield Scope("global", name, _named(variables))
    raised = [(f"sys.{name}", getattr(sys, name, None)) for name in ("last_exc", "last_value")]
    yield Scope("global", "sys", [(name, value) for name, value in raised if value is not None])


def may_read_locals(frame: FrameType) -> bool:
    """Whether reading an outer function's variables leaves no trace.

    NOTE [locals of outer frames]: before Python 3.13 reading them brings the dict up to date that the
    function got when it asked for its ``locals()``; and Python 3.10 keeps what it put there. Where a
    debugger traces the frame both happen at each line anyway.
    """
    if sys.version_info >= _PROXIED or frame.f_trace is not None:
        return True
    return sys.version_info >= _CLEANED and _SHOW_LOCALS.isdisjoint(frame.f_code.co_names)


def unread_frames(frame: FrameType) -> int:
    """Functions outside the frame whose variables may not be read."""
    return sum(_has_locals(outer) and not may_read_locals(outer) for outer in user_frames(frame.f_back))


def _has_locals(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & CO_NEWLOCALS)


def _frame_scope(frame: FrameType) -> Scope:
    code = frame.f_code
    return Scope("frame", getattr(code, "co_qualname", code.co_name), _named(local_variables(frame)))


def _named(variables: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in list(variables.items()) if type(name) is str and name[:2] != "__"]


def _is_users(module: ModuleType) -> bool:
    home = module.__dict__.get("__file__")
    return is_user_file(home) if type(home) is str else _module_name(module.__dict__) == "__main__"


def _module_name(variables: dict[str, Any]) -> str:
    name = variables.get("__name__")
    return name if type(name) is str else ""
