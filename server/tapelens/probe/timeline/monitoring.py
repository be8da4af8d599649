"""Each line of the user's that runs, from Python 3.12 on.

NOTE [five events]: LINE alone puts nodes on wrong lines where control comes back into the middle of a
line: ``f(w) + f(w) * 2``, an await, a generator. So leaving (PY_RETURN, PY_YIELD, PY_UNWIND) makes the line
current that the caller stands in, and PY_RESUME the one that goes on. The debugger keeps tools of its own;
the interpreter keeps them apart.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from .owners import is_users, known_files
from .track import Track
from .tracks import Tracks

_TOOLS = (3, 4)
"""0, 1, 2 and 5 are set aside for debuggers, coverage, profilers and optimizers."""

_NAME = "tapelens"


class LineTap:
    """Notes where each thread is in the user's code.

    Args:
        tracks: Where it is noted.
        fail: Takes a fault of ours.
    """

    def __init__(self, tracks: Tracks, fail: Callable[[Exception], None]) -> None:
        self._tracks = tracks
        self._fail = fail
        self._tool = -1
        self._codes: dict[int, weakref.ref[CodeType]] = {}
        self._sweep_at = _SWEPT

    def install(self) -> bool:
        """Watch the user's code from now on, also what runs already; whether a tool was free."""
        monitoring = _monitoring()
        if monitoring is None:
            return False
        for tool in _TOOLS:
            try:
                monitoring.use_tool_id(tool, _NAME)
            except ValueError:
                continue
            self._tool = tool
            break
        else:
            return False
        for event, callback in self._callbacks(monitoring).items():
            monitoring.register_callback(self._tool, event, callback)
        for frame in sys._current_frames().values():
            self._watch_stack(frame)
        events = monitoring.events
        monitoring.set_events(self._tool, events.PY_START | events.PY_RESUME | events.PY_UNWIND)
        return True

    def remove(self) -> None:
        """Watch nothing, and give the tool back."""
        monitoring, tool, self._tool = _monitoring(), self._tool, -1
        if monitoring is None or tool < 0:
            return
        monitoring.set_events(tool, 0)
        for reference in list(self._codes.values()):
            code = reference()
            if code is not None:
                monitoring.set_local_events(tool, code, 0)
        self._codes = {}
        for event in self._callbacks(monitoring):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)

    def _watch_stack(self, frame: FrameType | None) -> None:
        while frame is not None:
            if is_users(frame):
                self._watch(frame.f_code)
            frame = frame.f_back

    def _watch(self, code: CodeType) -> None:
        """Events of the user's own code only: all other code runs as it is."""
        monitoring = _monitoring()
        known = self._codes.get(id(code))
        if monitoring is None or self._tool < 0 or (known is not None and known() is code):
            return
        if len(self._codes) >= self._sweep_at:
            self._codes = {key: each for key, each in self._codes.items() if each() is not None}
            self._sweep_at = max(_SWEPT, 2 * len(self._codes))
        self._codes[id(code)] = weakref.ref(code)
        events = monitoring.events
        monitoring.set_local_events(
            self._tool, code, events.LINE | events.PY_RETURN | events.PY_YIELD | events.PY_RESUME
        )

    def _callbacks(self, monitoring: Any) -> dict[int, Callable[..., Any]]:  # noqa: ANN401, C901, PLR0915 (closures)
        """What runs at each event. It must not raise: that would be into the user's code."""
        watch, fail = self._watch, self._fail
        local, clock = self._tracks.local, self._tracks.clock
        disable, here = monitoring.DISABLE, sys._getframe

        def on_line(code: CodeType, line: int) -> None:
            try:
                track: Track = local.track
                now = clock()
                if now != track.clock:
                    track.credit(now)
                track.code = code
                track.line = line
            except Exception as fault:
                fail(fault)

        def on_leave(_code: CodeType, _offset: int, _value: object) -> None:
            try:
                track: Track = local.track
                now = clock()
                if now != track.clock:
                    track.credit(now)
                frame = here(1).f_back
                while frame is not None:
                    code = frame.f_code
                    known = known_files(code.co_filename)
                    if known or (known is None and is_users(frame)):
                        track.code = code
                        track.line = ~frame.f_lasti
                        return
                    frame = frame.f_back
                track.code = None
            except Exception as fault:
                fail(fault)

        def on_unwind(code: CodeType, _offset: int, _error: object) -> None:
            try:
                if known_files(code.co_filename) is not False and is_users(here(1)):
                    stand_in(local.track, clock(), here(1).f_back)
            except Exception as fault:
                fail(fault)

        def on_resume(_code: CodeType, _offset: int) -> object:
            try:
                frame = here(1)
                if not is_users(frame):
                    return disable
                watch(frame.f_code)  # begun before we came
                stand_in(local.track, clock(), frame)
            except Exception as fault:
                fail(fault)
            return None

        def on_start(code: CodeType, _offset: int) -> object:
            try:
                if is_users(here(1)):
                    watch(code)
            except Exception as fault:
                fail(fault)
            return disable  # whose code it is stays the same

        events = monitoring.events
        return {
            events.LINE: on_line,
            events.PY_RETURN: on_leave,
            events.PY_YIELD: on_leave,
            events.PY_UNWIND: on_unwind,
            events.PY_RESUME: on_resume,
            events.PY_START: on_start,
        }


def stand_in(track: Track, now: int, frame: FrameType | None) -> None:
    """Credit what was made; from now on the thread stands in the nearest user's frame from this one outwards."""
    if now != track.clock:
        track.credit(now)
    while frame is not None and not is_users(frame):
        frame = frame.f_back
    track.code, track.line = (None, 0) if frame is None else (frame.f_code, ~frame.f_lasti)


def _monitoring() -> Any:  # noqa: ANN401 (absent before 3.12)
    return getattr(sys, "monitoring", None)


_SWEPT = 4096
