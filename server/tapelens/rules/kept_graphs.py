"""Calls that keep their graph: which of them a later call has used, and which surely none has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..events import BackwardBegan, BackwardRaised, Event, ProgramEnded, StepEnded
from ..wire.sites import Site

AT_THE_END = 2
_WAITS = 50  # calls, while the file has a backward that has not run
_REMEMBERED = 256


@dataclass(slots=True)
class Kept:
    """The calls of one place.

    Attributes:
        site: Of the user's.
        open: Calls that no later one has used as far as is known; whether a step has followed.
        gone: How many calls' graphs are gone, and nobody used them.
        unsure: Calls of which that is not known.
        used: One of them was used: nothing is said of this place.
        said: It was spoken of.
    """

    site: Site
    open: dict[int, bool] = field(default_factory=dict[int, bool])
    gone: int = 0
    unsure: int = 0
    used: bool = False
    said: bool = False

    @property
    def unused(self) -> int:
        """How many calls surely nobody used."""
        return len(self.open) + self.gone

    def meet(self, event: BackwardBegan) -> None:
        """A call, from wherever, may use these graphs."""
        gone = self.open.keys() & event.gone
        self.gone += len(gone)
        for call in gone:
            del self.open[call]
        if not self.used and not self.open.keys().isdisjoint(event.reuses):
            self.used = True
            self.open = {}
        if not event.walked:
            self.unsure += len(self.open)
            self.open = {}


class KeptGraphs:
    """Follows the calls of each place from one to the next.

    NOTE [what counts as unused]: a call counts only if every later one was looked through whole; one that was
    not may have used any graph that was still there. And only once the graph is gone or a step has followed:
    ten losses may each be kept for the sum that comes after them.

    Args:
        calls: After so many of a place that nobody used, it is spoken of.
    """

    def __init__(self, calls: int) -> None:
        self._enough = calls
        self._places: dict[tuple[Site, Site], Kept] = {}

    def began(self, event: BackwardBegan, *, keeps: bool) -> Iterator[Kept]:
        """A call may use earlier ones' graphs, and may keep its own; a place that is to be spoken of now."""
        for kept in self._places.values():
            kept.meet(event)
        if not keeps or event.inside is not None:
            return
        place = event.site, event.innermost
        kept = self._places.get(place)
        if kept is None:
            if len(self._places) > _REMEMBERED:
                del self._places[next(iter(self._places))]
            kept = self._places[place] = Kept(event.site)
        settled = kept.gone + sum(kept.open.values())
        if kept.used or kept.said:
            return
        if settled >= self._enough and (settled >= _WAITS or not event.look.has_backwards_to_come(event.site)):
            kept.said = True
            yield kept
            return
        if event.walked:
            kept.open[event.call] = False
        else:
            kept.unsure += 1

    def see(self, event: Event) -> Iterator[Kept]:
        """Steps, calls that raise, and the end; places that are to be spoken of."""
        match event:
            case StepEnded():
                for kept in self._places.values():
                    kept.open = dict.fromkeys(kept.open, True)
            case BackwardRaised():
                for kept in self._places.values():
                    kept.open.pop(event.call, None)
            case ProgramEnded(raised=False):
                for kept in self._places.values():
                    if not (kept.said or kept.used) and kept.unused >= max(AT_THE_END, kept.unsure):
                        kept.said = True
                        yield kept
            case _:
                return
