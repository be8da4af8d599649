"""Which line of the user's program it was."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import PurePath
from types import CodeType, FrameType, TracebackType
from typing import Literal, NamedTuple

from ..wire.sites import Site

Owner = Literal["user", "library", "torch", "ours"]

_BUNDLE = __name__.partition(".")[0]
_MADE = ("<frozen", "<eval_with_key>")
"""How names begin of code without a file that is nobody's: Python's own, and what torch.fx writes."""


class Place(NamedTuple):
    """Where a call into torch came from.

    Attributes:
        frame: The innermost frame of the user's own code, None without one.
        user: Its site; without one, as ``innermost``, marked ``in_library``.
        innermost: The innermost frame outside torch, library or not: what tells a library's callers apart.
    """

    frame: FrameType | None
    user: Site
    innermost: Site


def place_of(frame: FrameType) -> Place:
    """Both sites in one walk."""
    outside: FrameType | None = None
    last = frame
    each: FrameType | None = frame
    while each is not None:
        owner = owner_of(each)
        if owner == "user":
            user = _site(each.f_code, each.f_lineno, in_library=False)
            return Place(each, user, user if outside is None else site_of(outside))
        if owner == "library" and outside is None:
            outside = each
        last, each = each, each.f_back
    innermost = site_of(outside or last)
    return Place(None, innermost, innermost)


def user_site(frame: FrameType) -> Site:
    """The innermost frame of the user's own code; without one the innermost outside torch, marked so."""
    return place_of(frame).user


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user's own code, if any."""
    return next(user_frames(frame), None)


def user_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Frames of the user's own code, innermost first."""
    return (each for each in _outwards(frame) if owner_of(each) == "user")


def site_of(frame: FrameType) -> Site:
    """Where a frame stands."""
    return _site(frame.f_code, frame.f_lineno, in_library=owner_of(frame) != "user")


def code_site(code: CodeType, *, line: int, function: str) -> Site:
    """Where a piece of code was written, whoever runs it."""
    name = code.co_filename
    is_file = not name.startswith("<")
    in_library = name.startswith((*_MADE, "<tapelens>")) or (is_file and _owner_of_file(name) != "user")
    return _made(name, line, function, in_library=in_library)


def written_site(name: str, line: int, function: str) -> Site:
    """A line of the user's own code, by the file's name as code objects spell it."""
    return _made(name, line, function, in_library=False)


def raised_site(trace: TracebackType | None) -> Site | None:
    """The innermost line of the user's own code that an exception passed."""
    found: Site | None = None
    while trace is not None:
        if owner_of(trace.tb_frame) == "user":
            found = _site(trace.tb_frame.f_code, trace.tb_lineno, in_library=False)
        trace = trace.tb_next
    return found


def owner_of(frame: FrameType) -> Owner:
    """Whose code a frame runs."""
    name = frame.f_code.co_filename
    if name[:1] != "<":
        return _owner_of_file(name)
    # NOTE [code without a file]: a class that a library makes by exec lives in that library's globals;
    # a notebook's cell, ``python -c`` and a doctest have none, or the user's.
    module, home = frame.f_globals.get("__name__"), frame.f_globals.get("__file__")
    if isinstance(module, str) and module.partition(".")[0] == _BUNDLE:
        return "ours"
    if name.startswith(_MADE) or (isinstance(home, str) and _owner_of_file(home) != "user"):
        return "library"
    return "user"


def is_user_file(path: str) -> bool:
    """Whether a module's file is of the user's own code."""
    return _owner_of_file(path) == "user"


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@functools.lru_cache(maxsize=4096)
def _owner_of_file(name: str) -> Owner:
    if name.startswith("<tapelens>"):  # the bundle came as text
        return "ours"
    path = _normal(name)
    if path.startswith(_our_home()):
        return "ours"
    torch = _home_of("torch")
    if torch is not None and path.startswith(torch):
        return "torch"
    parts = PurePath(path).parts
    if "site-packages" in parts or "dist-packages" in parts or path.startswith(_library_homes()):
        return "library"
    debugger = _home_of("pydevd"), _home_of("debugpy")
    return "library" if any(home is not None and path.startswith(home) for home in debugger) else "user"


@functools.cache
def _library_homes() -> tuple[str, ...]:
    paths = {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths.add(os.path.dirname(os.__file__))  # noqa: PTH120
    return tuple(_normal(path) + os.sep for path in paths | {os.path.realpath(path) for path in paths})


@functools.cache
def _our_home() -> str:
    """The folder of the bundle, as code objects spell it; nothing when it came as text."""
    ours = _our_home.__wrapped__.__code__.co_filename
    return "\0" if ours.startswith("<") else _normal(os.path.dirname(os.path.dirname(ours))) + os.sep  # noqa: PTH120


def _home_of(module: str) -> str | None:
    """The folder of a module that the program has imported."""
    home = getattr(sys.modules.get(module), "__file__", None)
    return _normal(os.path.dirname(home)) + os.sep if isinstance(home, str) else None  # noqa: PTH120


def _normal(path: str) -> str:
    return os.path.normcase(os.path.abspath(path))  # noqa: PTH100


@functools.lru_cache(maxsize=4096)
def _path(name: str) -> str:
    return name if name.startswith("<") else os.path.abspath(name)  # noqa: PTH100


def _site(code: CodeType, line: int, *, in_library: bool) -> Site:
    return _made(code.co_filename, line or code.co_firstlineno, getattr(code, "co_qualname", code.co_name), in_library)


@functools.lru_cache(maxsize=4096)
def _made(name: str, line: int, function: str, in_library: bool) -> Site:  # noqa: FBT001 (a cache's key)
    return Site(path=_path(name), line=line, function=function, in_library=in_library)
