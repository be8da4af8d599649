"""One thread: what its sequence clock read, and where it was then.

Autograd counts the nodes that each thread makes. Whoever knows where a thread stood while its count
went from 7 to 9 knows what made nodes 7 and 8, without having seen either.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections.abc import Callable
from types import CodeType
from typing import Any

from .paths import UNNAMED, Paths
from .places import NOWHERE, Place, Places

KEPT = 1 << 17
"""Segments a thread keeps at least; twice as many at most. Older nodes become unknown."""

_RADIX = 1 << 20
_UNKNOWN_MARK = NOWHERE * _RADIX + NOWHERE


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
        self.leave: Callable[[object], None] | None = None
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


def read_mark(mark: int) -> tuple[int, int]:
    """Place and path."""
    site, path = divmod(mark + 1, _RADIX)
    return site, path - 1
