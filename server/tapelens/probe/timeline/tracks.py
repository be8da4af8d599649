"""All threads' tracks, and what they say of a node by its number."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import NamedTuple

from ...wire.sites import Site
from .owners import is_busy
from .paths import NOWHERE, Paths
from .places import Places
from .track import Track, read_mark

_TRACKS = 64
_NO_END = 1 << 63


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
            site, path = read_mark(mark)
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
