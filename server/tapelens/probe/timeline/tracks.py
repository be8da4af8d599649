"""What the sequence clock read, and where the program was: one track a thread.

Autograd counts the nodes that each thread makes. Whoever knows where a thread stood while its count
went from 7 to 9 knows what made nodes 7 and 8, without having seen either.
"""

from __future__ import annotations

import sys
import threading
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ...wire.sites import Site
from ..sites import written_site
from .owners import is_busy
from .paths import UNNAMED, Paths

NOWHERE = -1
KEPT = 1 << 17
"""Segments a thread keeps at least; twice as many at most. Older nodes become unknown."""

_TRACKS = 64
_PLACES = 1 << 16
_RADIX = 1 << 20
_NO_END = 1 << 63
_UNKNOWN_MARK = NOWHERE * _RADIX + NOWHERE

Place = tuple[CodeType | None, int]
"""Code of the user's, None for none, and the line of it that runs; see NOTE [instructions for lines]."""


class Origin(NamedTuple):
    """Where a node was made.

    Attributes:
        site: The user's line, None when it is not known.
        module: Path of the innermost module whose call made it, named from the outermost one; empty
            when it is not known or there was none.
        thread: The operating system's id of the thread that made it, -1 unknown.
    """

    site: Site | None
    module: str
    thread: int


UNKNOWN = Origin(None, "", -1)


class _Nowhere(dict[int, int]):
    """What no code of the user's made, at any line."""

    def __missing__(self, _line: int) -> int:
        return NOWHERE


class Places:
    """Lines of the user's, each a small number. No code object is kept.

    Attributes:
        by_code: Numbers by line, by the code's ``id`` for as long as the code lives.
    """

    def __init__(self) -> None:
        self.by_code: dict[int, dict[int, int]] = {id(None): _Nowhere()}
        self._alive: dict[int, weakref.ref[CodeType]] = {}
        self._numbers: dict[tuple[str, int, str], int] = {}
        self._known: list[tuple[str, int, str]] = []

    def number(self, code: CodeType | None, line: int) -> int:
        """The place's number; -1 outside the user's code, and when there are too many.

        NOTE [instructions for lines]: to look a frame's line up takes as long as its code is; where it
        stands costs nothing. So of callers ``~instruction`` is noted, which is below 0, and looked up here
        if they made a node after all.
        """
        if code is None:
            return NOWHERE
        key = (
            code.co_filename,
            _line_of(code, ~line) if line < 0 else line,
            getattr(code, "co_qualname", code.co_name),
        )
        number = self._numbers.get(key)
        if number is None:
            if len(self._known) == _PLACES:
                return NOWHERE
            number = self._numbers[key] = len(self._known)
            self._known.append(key)
        self._lines_of(code)[line] = number
        return number

    def site(self, number: int) -> Site | None:
        """The place as it crosses the wire."""
        return None if number < 0 else written_site(*self._known[number])

    def _lines_of(self, code: CodeType) -> dict[int, int]:
        identity = id(code)
        lines = self.by_code.get(identity)
        if lines is None:
            lines = self.by_code[identity] = {}
            by_code, alive = self.by_code, self._alive

            def forget(_reference: object) -> None:
                by_code.pop(identity, None)
                alive.pop(identity, None)

            alive[identity] = weakref.ref(code, forget)
        return lines


def _line_of(code: CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end:
            return line or code.co_firstlineno
    return code.co_firstlineno


class Track:
    """One thread: its clock, where it stands, and what it has made so far.

    NOTE [segments]: segment ``i`` holds the numbers from ``ends[i - 1]`` (``first`` for the first one)
    up to ``ends[i]``, which is not in it; ``marks[i]`` is its place and path in one number.

    Attributes:
        clock: The last reading.
        code: The user's code where the thread stands; None outside it, or when that is not known.
        line: The line of it; see NOTE [instructions for lines].
        modules: Modules whose calls run now, outermost first: held no longer than they run.
        paths: Number of each one's path, or ``UNNAMED`` until a node was made there.
        ended: The thread makes nothing more.
        places: Where the thread stood outside each of these calls, where calls set the place.
        leave: Ends the innermost call; made when first needed.
        credit: Notes that what was made up to a reading was made here.
    """

    __slots__ = (
        "clock",
        "code",
        "credit",
        "ended",
        "ends",
        "first",
        "ident",
        "leave",
        "line",
        "marks",
        "modules",
        "paths",
        "places",
        "thread",
    )

    def __init__(self, clock: int, places: Places, paths: Paths) -> None:
        self.thread = threading.get_native_id()
        self.ident = threading.get_ident()
        self.first = self.clock = clock
        self.code: CodeType | None = None
        self.line = 0
        self.ended = False
        self.modules: list[Any] = []
        self.paths: list[int] = []
        self.places: list[Place] = []
        self.leave: Callable[[], None] | None = None
        self.ends = array("q")
        self.marks = array("q")
        self.credit = _credit_to(self, places, paths)

    @property
    def is_still(self) -> bool:
        """The thread stands in a debugger, and was noted there."""
        return bool(self.modules) and self.modules[-1] is None

    def segment(self, sequence: int) -> tuple[int, int, int]:
        """Where a number lies that the track covers: first and end of the segment, and its mark."""
        index = bisect_right(self.ends, sequence)
        return self.ends[index - 1] if index else self.first, self.ends[index], self.marks[index]


def _credit_to(track: Track, places: Places, paths: Paths) -> Callable[[int], None]:
    """``Track.credit``, with all that it needs at hand: it runs a few hundred times a step."""
    ends, marks, modules, numbers = track.ends, track.marks, track.modules, track.paths
    by_code, number_of, quick, name = places.by_code, places.number, paths.quick, paths.name
    attribute, push_end, push_mark = object.__getattribute__, ends.append, marks.append
    kept, most = KEPT, 2 * KEPT
    last: int | None = None

    def credit(now: int) -> None:
        nonlocal last
        code = track.code
        try:
            site = by_code[id(code)][track.line]
        except KeyError:
            site = number_of(code, track.line)
        path = NOWHERE
        if numbers:
            path = numbers[-1]
            if path == UNNAMED:
                module = modules[-1]
                # As it most often is: called by the module whose table it is in, under the name of last time.
                known = quick.get((numbers[-2], id(module))) if len(numbers) > 1 else None
                if known is not None and attribute(modules[-2], "_modules").get(known[0]) is module:
                    numbers[-1] = path = known[1]
                else:
                    path = name(modules, numbers)
        mark = site * _RADIX + path
        if now < track.clock:  # somebody set the clock back: which of two nodes has a number, nobody can tell
            del ends[:], marks[:]
            track.first, last = 0, None
            now, mark = max(now, track.clock), _UNKNOWN_MARK
        if mark == last:
            ends[-1] = now
        else:
            push_end(now)
            push_mark(mark)
            last = mark
            if len(ends) >= most:
                track.first = ends[kept - 1]
                del ends[:kept], marks[:kept]
        track.clock = now

    return credit


def _read_mark(mark: int) -> tuple[int, int]:
    """Place and path."""
    site, path = divmod(mark + 1, _RADIX)
    return site, path - 1


class _Local(threading.local):
    """Each thread's own track."""

    def __init__(self, begin: Callable[[], Track]) -> None:
        self.track = begin()  # on each thread anew


class Tracks:
    """All threads' tracks, and what they say of a node's number.

    Attributes:
        clock: Reads the calling thread's sequence clock.
        look_after: Is asked, with a frame of it, whether the thread's place is still known; set before any call.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.look_after: Callable[[FrameType | None], None] | None = None
        self.places = Places()
        self.paths = Paths()
        self._all: list[Track] = []
        self._lock = threading.Lock()
        self._forgotten = 0  # numbers below it were made by threads whose tracks are gone, too
        self._local = _Local(self._begin)

    @property
    def local(self) -> _Local:
        """The thread's own track is its attribute ``track``, begun when first asked for."""
        return self._local

    def _begin(self) -> Track:
        track = Track(self.clock(), self.places, self.paths)
        with self._lock:
            self._all.append(track)
            if len(self._all) > _TRACKS:
                self._drop_dead()
        return track

    def note(self) -> None:
        """Credit what the calling thread has made by now."""
        if self.look_after is not None:
            self.look_after(sys._getframe(1))
        track: Track = self._local.track
        now = self.clock()
        if now != track.clock:
            track.credit(now)

    def note_thread(self) -> None:
        """As ``note``, for a thread that may never have run what is watched: it is told from others then."""
        if self.clock():  # else it has made nothing
            self.note()

    def thread_ends(self) -> None:
        """The calling thread makes nothing more."""
        if self.clock():
            self.note()
            self._local.track.ended = True

    def stand_still(self) -> Callable[[], None]:
        """The calling thread stops: what is evaluated there until the returned function is called is nobody's line."""
        self.note()
        track: Track = self._local.track
        place = track.code, track.line
        track.code = None
        track.modules.append(None)
        track.paths.append(NOWHERE)

        def go_on() -> None:
            self.note()
            track.code, track.line = place
            track.modules.pop()
            track.paths.pop()

        return go_on

    def origins(self, sequences: Iterable[int]) -> list[Origin]:
        """Of each number; an increasing order is fastest."""
        self.note()
        reaches = self._reaches()
        origins: list[Origin] = []
        low, high, origin = 0, 0, UNKNOWN
        known: dict[tuple[int, int], Origin] = {}
        for sequence in sequences:
            if not low <= sequence < high:
                low, high, origin = self._look_up(sequence, reaches, known)
            origins.append(origin)
        return origins

    def _reaches(self) -> list[tuple[int, Track | None]]:
        """Below which number each thread's nodes are; None for a thread of which nothing more is known.

        NOTE [every thread counts from 0]: what a thread made before it was watched has low numbers too, so a
        thread's nodes begin at 0. Where they end is only known of the calling thread, of one that has ended,
        and of one that waits outside its own and torch's code: another may just now be making nodes.
        """
        frames = sys._current_frames()
        here = threading.get_ident()
        del frames[here]  # this very frame: held in a variable of its own it would keep all above it alive
        tracks = list(self._all)
        reaches: list[tuple[int, Track | None]] = [(self._forgotten, None)]
        for track in tracks:
            frame = None if track.ended else frames.pop(track.ident, None)
            busy = frame is not None and not track.is_still and is_busy(frame)
            reaches.append((_NO_END if busy and track.clock else track.clock, track))
        reaches += [(_NO_END, None) for frame in frames.values() if is_busy(frame)]
        return reaches

    def _look_up(
        self, sequence: int, reaches: list[tuple[int, Track | None]], known: dict[tuple[int, int], Origin]
    ) -> tuple[int, int, Origin]:
        """The stretch around a number that has one origin, and this."""
        unknown = sequence, sequence + 1, UNKNOWN
        if sequence < 0:
            return unknown
        reaching = [track for end, track in reaches if sequence < end]
        track = reaching[0] if len(reaching) == 1 else None
        if track is None or not track.first <= sequence < track.clock or not track.ends:
            return unknown
        low, high, mark = track.segment(sequence)
        low = max(low, *(end for end, _ in reaches if end <= sequence))
        key = (track.thread, mark)
        origin = known.get(key)
        if origin is None:
            site, path = _read_mark(mark)
            origin = known[key] = Origin(self.places.site(site), self.paths.text(path), track.thread)
        return low, high, origin

    def _drop_dead(self) -> None:
        alive = sys._current_frames().keys()
        kept: list[Track] = []
        for track in self._all:
            if track.ident in alive:
                kept.append(track)
            else:
                self._forgotten = max(self._forgotten, track.clock)
        self._all = kept
