"""Each line of the user's that runs, before Python 3.12: on request, for it costs each call of a function.

NOTE [one trace function a thread]: the interpreter has room for one, and a debugger sits in it. So ours
takes its place and hands every event on to it first, and takes what it answers; where it puts itself back, we
come after it again at the next module's call or stop. What was made while ours was not there is nobody's line.
The other means change what the program sees: a torch function mode makes torch leave fast paths, and other
numbers come out; anomaly mode takes seven times as long.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from .monitoring import stand_in
from .owners import is_users
from .track import Track
from .tracks import Tracks

Trace = Callable[[FrameType, str, Any], Any]


class TraceTap:
    """Notes where each thread is in the user's code.

    Args:
        tracks: Where it is noted.
        fail: Takes a fault of ours.
    """

    def __init__(self, tracks: Tracks, fail: Callable[[Exception], None]) -> None:
        self._tracks = tracks
        self._fail = fail
        self._on = False
        self._was: Any = None
        self._unsure: set[int] = set()

    def install(self) -> bool:
        """Watch the calling thread from now on, and others from their next module's call."""
        self._on = True
        self._tracks.look_after = self.look_after
        if "pydevd_tracing" not in sys.modules:  # a debugger begins each thread's tracing itself
            self._was = vars(threading).get("_trace_hook")
            threading.settrace(self._begin_thread)
        self.after_stop(sys._getframe(1))
        return True

    def remove(self) -> None:
        """Watch nothing; on other threads what is left does nothing and goes at the next call."""
        self._on = False
        if vars(threading).get("_trace_hook") == self._begin_thread:
            threading.settrace(self._was)  # pyright: ignore[reportArgumentType]
        ours = sys.gettrace()
        if _is_ours(ours, _GLOBAL):
            _set_trace(_theirs(ours))
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if _is_ours(frame.f_trace, _LOCAL):
                frame.f_trace = _theirs(frame.f_trace)
            frame = frame.f_back

    def _begin_thread(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401
        """The first call on a thread that was not there before."""
        ours = self._global(self._was)
        _set_trace(ours)
        return ours(frame, event, argument)

    def look_after(self, frame: FrameType | None) -> None:
        """See that the calling thread is watched in the user's frame that it stands in; before anything is credited."""
        if not self._on:
            return
        if not _is_ours(sys.gettrace(), _GLOBAL):
            self._tracks.local.track.code = None
            _set_trace(self._global(sys.gettrace()))
        while frame is not None and not is_users(frame):
            frame = frame.f_back
        if frame is not None:
            self._watch(frame)

    def after_stop(self, frame: FrameType) -> None:
        """The calling thread goes on: the debugger may have put itself before us, in any of its frames.

        NOTE [what a trace function returns]: it takes the place that it was called from. So where the
        debugger's own was called for the line of the stop, ours can come only with the next call.
        """
        if not self._on:
            return
        each: FrameType | None = frame
        while each is not None:
            if is_users(each):
                self._watch(each)
            each = each.f_back
        self.look_after(frame)
        self._unsure.add(threading.get_ident())

    def _watch(self, frame: FrameType) -> None:
        if not _is_ours(frame.f_trace, _LOCAL):
            track = self._tracks.local.track
            if track.code is frame.f_code:
                track.code = None  # lines of it may have run unseen
            frame.f_trace = self._local(frame.f_trace)

    def _global(self, theirs: Any) -> Trace:  # noqa: ANN401 (a trace function or None)
        """Called as a function is called, or a generator goes on."""
        local, clock, fail, make = self._tracks.local, self._tracks.clock, self._fail, self._local
        unsure = self._unsure

        def trace_calls(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401 (a trace function or None)
            nonlocal theirs
            inner = None if theirs is None else theirs(frame, event, argument)
            try:
                now_set = sys.gettrace()
                if not self._on:
                    if now_set is trace_calls:
                        _set_trace(theirs)
                    return inner
                if now_set is not trace_calls:  # the debugger has put itself back
                    theirs = now_set
                    _set_trace(trace_calls)
                if unsure and threading.get_ident() in unsure and frame.f_back is not None:
                    unsure.discard(threading.get_ident())
                    self.look_after(frame.f_back)
                    stand_in(local.track, clock(), frame.f_back)
                if is_users(frame):
                    self.look_after(frame.f_back)
                    stand_in(local.track, clock(), frame)
                    return make(inner)
            except Exception as fault:
                fail(fault)
            return inner

        return trace_calls

    def _local(self, theirs: Any) -> Trace:  # noqa: ANN401 (a trace function or None)
        """Called for each line of a frame, and as it is left."""
        local, clock, fail = self._tracks.local, self._tracks.clock, self._fail

        def trace_lines(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ANN401
            nonlocal theirs
            if theirs is not None:
                theirs = theirs(frame, event, argument)
            if not self._on:
                return theirs
            try:
                track: Track = local.track
                if event == "line":
                    code = frame.f_code
                    if track.code is not code:  # something was not seen
                        track.code = None
                    now = clock()
                    if now != track.clock:
                        track.credit(now)
                    track.code = code
                    track.line = frame.f_lineno
                elif event == "return":
                    stand_in(track, clock(), frame.f_back)
                    self.look_after(frame.f_back)
            except Exception as fault:
                fail(fault)
            return trace_lines

        return trace_lines


def _code_within(function: Any, name: str) -> CodeType:  # noqa: ANN401
    return next(each for each in function.__code__.co_consts if isinstance(each, CodeType) and each.co_name == name)


_GLOBAL, _LOCAL = _code_within(TraceTap._global, "trace_calls"), _code_within(TraceTap._local, "trace_lines")


def _is_ours(function: object, code: object) -> bool:
    return getattr(function, "__code__", None) is code


def _theirs(ours: Any) -> Any:  # noqa: ANN401
    """The function that ours stands before."""
    names = ours.__code__.co_freevars
    return ours.__closure__[names.index("theirs")].cell_contents


def _set_trace(function: Any) -> None:  # noqa: ANN401
    """As ``sys.settrace``, which a debugger replaces by a warning."""
    holder = getattr(sys.modules.get("pydevd_tracing"), "TracingFunctionHolder", None)
    original = getattr(holder, "_original_tracing", None)
    (original or sys.settrace)(function)
