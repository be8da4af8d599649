"""Who is told of an event before it goes on: one look at its type, however many listen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...events import Event

Hear = Callable[[Any], object]


class Hearing:
    """Tells those who want events of a type, the last one added first, and then passes the event on.

    NOTE [one call for all]: a listener around the other, each with a look at the type, costs a frame an
    event and listener, and most events are of interest to two of them.
    """

    __slots__ = ("_by_kind", "_emit")

    def __init__(self, emit: Callable[[Event], None], by_kind: dict[type, tuple[Hear, ...]]) -> None:
        self._emit = emit
        self._by_kind = by_kind

    def __call__(self, event: Event) -> None:
        """Tell all, and pass it on."""
        for hear in self._by_kind.get(type(event), ()):
            hear(event)
        self._emit(event)

    def told_first(self, hears: dict[type, Hear]) -> Hearing:
        """As this one, with another listener told before all."""
        by_kind = dict(self._by_kind)
        for kind, hear in hears.items():
            by_kind[kind] = (hear, *by_kind.get(kind, ()))
        return Hearing(self._emit, by_kind)


def told_first(emit: Callable[[Event], None], kinds: Iterable[type], hear: Hear) -> Hearing:
    """``emit``, with ``hear`` told first of events of these types."""
    return all_told_first(emit, dict.fromkeys(kinds, hear))


def all_told_first(emit: Callable[[Event], None], hears: dict[type, Hear]) -> Hearing:
    """``emit``, with a listener for each type told first."""
    hearing = emit if isinstance(emit, Hearing) else Hearing(emit, {})
    return hearing.told_first(hears)
