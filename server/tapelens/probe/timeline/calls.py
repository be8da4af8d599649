"""What happens as a module's call begins and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..weaving import Enter, Leave, leave_nothing
from .owners import is_users, known_files
from .paths import UNNAMED
from .places import Place
from .track import Track
from .tracks import Tracks


def enter_call(tracks: Tracks, fail: Callable[[Exception], None], *, with_lines: bool) -> Enter:
    """What is called as a module's call begins.

    Args:
        tracks: Where it is noted.
        fail: Takes a fault of ours.
        with_lines: The call's own line counts as the line of what it makes: nobody notes each line.
    """
    clock = tracks.clock
    local = tracks.local
    look_after = tracks.look_after

    def enter(module: Any) -> Leave:  # noqa: ANN401 (an nn.Module)
        try:
            track: Track = local.track
            if look_after is not None:
                look_after(sys._getframe(1))  # its caller's line is credited
            now = clock()
            if now != track.clock:
                track.credit(now)
            if with_lines:
                outer = track.code, track.line
                track.places.append(outer)
                track.code, track.line = _place_of_call(sys._getframe(1), outer)
            track.modules.append(module)
            track.paths.append(UNNAMED)
            leave = track.leave
            if leave is None:
                leave = track.leave = leave_call(track, tracks, fail, with_lines=with_lines)
        except Exception as fault:
            fail(fault)
            return leave_nothing
        return leave

    return enter


def leave_call(track: Track, tracks: Tracks, fail: Callable[[Exception], None], *, with_lines: bool) -> Leave:
    """End the innermost call of a thread."""
    clock, look_after = tracks.clock, tracks.look_after
    modules, paths, places = track.modules, track.paths, track.places

    def leave(_output: object) -> None:
        try:
            if look_after is not None:
                look_after(sys._getframe(1))
            now = clock()
            if now != track.clock:
                track.credit(now)
            modules.pop()
            paths.pop()
            if with_lines:
                track.code, track.line = places.pop()
        except Exception as fault:
            fail(fault)

    return leave


def _place_of_call(call: FrameType, outer: Place) -> Place:
    """The nearest line of the user's outside ``call``; the outer call's where none lies between."""
    woven = call.f_code
    frame = call.f_back
    while frame is not None:
        code = frame.f_code
        if code is woven:
            break
        known = known_files(code.co_filename)
        if known or (known is None and is_users(frame)):
            return code, ~frame.f_lasti
        frame = frame.f_back
    return outer
