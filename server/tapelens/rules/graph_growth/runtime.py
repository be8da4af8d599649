"""Runtime twin: counts older graphs from iteration to iteration, and asks who holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from ...events import Event, GraphMade, GraphsHeld, GraphsSettled, ProgramEnded
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE

_RISES = 4
_REACHED = 3  # iterations that one name must reach
_OLD = 2  # iterations
_LOOPS = 256
_SEARCHES = 5  # for who holds them, each after twice as many rises as the last


@dataclass(slots=True)
class _Loop:
    """The iterations of one loop.

    Attributes:
        wanted: Rises after which it is searched for holders.
        kept: What is said when the program ends like this, or when nothing ran its graphs backward.
    """

    wanted: int
    iteration: int = 0
    old: int = 0
    rises: int = 0
    searches: int = 0
    kept: list[Finding] = field(default_factory=list[Finding])
    is_whole: bool = False
    runs_backward: bool = True


class GraphGrowth:
    """Graphs at least two iterations old that become more, and a name that reaches three of them."""

    wants: ClassVar[tuple[type, ...]] = (GraphMade, GraphsSettled, ProgramEnded)

    def __init__(self, iterations: float = _RISES) -> None:
        self._rises = max(1, int(iterations))
        self._loops: dict[int, _Loop] = {}
        self._said: set[tuple[Site, str]] = set()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of a name when graphs have become more for long enough."""
        match event:
            case GraphMade():
                yield from self._made(event)
            case ProgramEnded(raised=False):
                for loop in self._loops.values():
                    if loop.is_whole or not loop.runs_backward:
                        yield from self._new(loop.kept)
            case GraphsSettled():
                loop = self._loops.pop(event.loop, None)
                if loop is not None and loop.rises >= self._rises and not event.used:
                    yield from self._new(loop.kept)
            case _:
                return

    def _made(self, event: GraphMade) -> Iterator[Finding]:
        if len(self._loops) > _LOOPS:
            self._loops.clear()
        loop = self._loops.setdefault(event.loop, _Loop(self._rises))
        old = sum(each <= event.iteration - _OLD for each in event.alive)
        follows = event.iteration == loop.iteration + 1 or not loop.iteration
        if not (follows and old > loop.old):
            loop.wanted, loop.searches = self._rises, 0
        loop.rises = loop.rises + 1 if follows and old > loop.old else 0
        loop.iteration, loop.old = event.iteration, old
        loop.runs_backward = event.runs_backward
        loop.is_whole = len(event.alive) == event.iteration - 1
        if loop.rises >= loop.wanted and loop.searches < _SEARCHES:
            loop.searches += 1
            loop.wanted = 2 * loop.rises
            found = _judge(event)
            if event.runs_backward:
                yield from self._new(found)
            else:  # a backward may come yet
                loop.kept = found or loop.kept
        elif loop.is_whole and len(event.alive) == _REACHED:  # it may be a short program
            loop.kept = _judge(event)

    def _new(self, found: list[Finding]) -> Iterator[Finding]:
        for each in found:
            key = each.site, each.facts[0].value
            if key not in self._said:
                self._said.add(key)
                yield each


def _judge(event: GraphMade) -> list[Finding]:
    held = [each for each in event.holders.find() if each.iterations >= _REACHED and not each.is_bounded]
    return [_say(event, each) for each in held]


def _say(event: GraphMade, held: GraphsHeld) -> Finding:
    made = "run backward" if event.runs_backward else "made"
    related = () if held.tie is None else (Related(site=event.site, message=f"The graphs are {made} here."),)
    return finding(
        RULE,
        at=held.tie or event.site,
        message=(
            f"`{held.name}` holds the graphs of {held.iterations} iterations ({_what(held)}), and each iteration adds "
            f"another one{_where(held)}. {_advice(held)}"
        ),
        related=related,
        facts=(
            Fact(name="held by", value=held.name),
            Fact(name="in", value=held.function),
            Fact(name="iterations", value=str(held.iterations)),
            Fact(name="nodes", value=str(held.nodes)),
            *([Fact(name="bytes", value=str(held.size_bytes))] if held.size_bytes else []),
        ),
    )


def _what(held: GraphsHeld) -> str:
    least = "at least " if held.at_least else ""
    nodes = f"{least}{held.nodes:,} nodes"
    if not held.size_bytes:
        return nodes
    return f"{nodes}, {least}{_bytes(held.size_bytes)} kept for backward"


def _bytes(size: int) -> str:
    for unit, power in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size >= power:
            return f"{size / power:.1f} {unit}"
    return f"{size} bytes"


def _where(held: GraphsHeld) -> str:
    if held.tie is None or not held.statement:
        return ""
    return f" by `{held.statement}` ({held.tie.place})"


def _advice(held: GraphsHeld) -> str:
    if held.tensors > 1:
        return "Put in numbers (`.item()`) or `.detach()`ed tensors instead."
    return "Add a number (`.item()`) or carry on with `.detach()` instead."
