"""Runtime twin: calls in evaluation mode whose graphs died before any backward began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...events import Event, ForwardRan, ProgramEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE

_UNUSED = 3
_AT_THE_END = 2
_ALIVE = 2
_PLACES = 1024
_FOLLOWED = 512
_KIB = 1024


@dataclass(slots=True)
class _Place:
    """A line that calls a module in evaluation mode.

    Attributes:
        built: Calls that built a graph.
        unused: Those of them whose graph is known to have died unused.
        kept: Bytes that one of these graphs kept.
    """

    site: Site
    built: int = 0
    unused: int = 0
    kept: int | None = None
    said: bool = False


class EvalBuildsGraph:
    """Counts graphs of evaluation by the line that called."""

    wants: ClassVar[tuple[type, ...]] = (ForwardRan, ProgramEnded)

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], _Place] = {}
        self._calls: dict[int, _Place] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of lines whose graphs died unused."""
        match event:
            case ForwardRan():
                yield from self._ran(event)
            case ProgramEnded(raised=False):
                for place in self._places.values():
                    if not place.said and _is_waste(place, at_least=_AT_THE_END):
                        yield _say(place)
            case _:
                return

    def _ran(self, event: ForwardRan) -> Iterator[Finding]:
        for call in event.unused:
            place = self._calls.pop(call, None)
            if place is None:
                continue
            place.unused += 1
            if not place.said and _is_waste(place, at_least=_UNUSED):
                place.said = True
                yield _say(place)
        if not event.builds:
            return
        key = event.innermost.path, event.innermost.line
        if key not in self._places and len(self._places) >= _PLACES:
            return
        place = self._places.setdefault(key, _Place(event.site))
        place.built += 1
        if place.unused and place.kept is None:
            place.kept = event.look.kept_bytes()
        while len(self._calls) >= _FOLLOWED:
            del self._calls[next(iter(self._calls))]
        self._calls[event.call] = place


def _is_waste(place: _Place, *, at_least: int) -> bool:
    """Enough died unused, and hardly any lived until a backward: the latest may not have died yet."""
    return place.unused >= at_least and place.built - place.unused <= max(_ALIVE, place.unused // 4)


def _say(place: _Place) -> Finding:
    kept = "" if place.kept is None else f" Each kept {_size(place.kept)} for a backward that never came."
    return finding(
        RULE,
        at=place.site,
        message=(
            f"The graphs of {place.unused} forward passes in evaluation mode from here were dropped before any "
            f"backward began.{kept} Evaluate under `torch.no_grad()` or `torch.inference_mode()`."
        ),
        facts=(Fact(name="graphs dropped unused", value=str(place.unused)),),
    )


def _size(count: int) -> str:
    return f"{count} bytes" if count < _KIB else f"{count / _KIB:.1f} KiB" if count < _KIB**2 else _mib(count)


def _mib(count: int) -> str:
    return f"{count / _KIB**2:.1f} MiB"
