"""Whose code a frame runs, as fast as can be told."""

from __future__ import annotations

from types import FrameType

from ..sites import owner_of

_KNOWN = 1 << 14
_COMPILES = "compile_worker"  # of torch's own folder for it: its threads talk to compiling processes, and make no nodes
_files: dict[str, bool] = {}


def is_users(frame: FrameType) -> bool:
    """The frame runs the user's own code."""
    name = frame.f_code.co_filename
    known = _files.get(name)
    if known is None:
        known = owner_of(frame) == "user"
        if name[:1] != "<":  # code without a file: each frame's globals tell
            if len(_files) >= _KNOWN:
                _files.clear()
            _files[name] = known
    return known


known_files = _files.get  # True for the user's, False for another's, None for one not met yet


def is_busy(frame: FrameType) -> bool:
    """A thread whose innermost frame this is runs the user's or torch's code, and does not wait in a library's."""
    each: FrameType | None = frame
    while each is not None and _is_debuggers(each.f_code.co_filename):
        each = each.f_back
    return each is not None and owner_of(each) in {"user", "torch"} and _COMPILES not in each.f_code.co_filename


def _is_debuggers(name: str) -> bool:
    return "pydevd" in name or "debugpy" in name
