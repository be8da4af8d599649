"""Runtime twin: follows what a repeated root added, from its backward to the step that uses the sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...events import BackwardBegan, BackwardEnded, Event, Evidence, Leaves, StepBegan
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from ..moves import moved_along
from . import RULE

_REMEMBERED = 256
_PENDING = 16
_RUNS = range(2, 9)
_CLOSE = 1e-3


@dataclass(frozen=True)
class _First:
    """A call that ran a root."""

    site: Site
    explicit: bool
    roots: tuple[int, ...]


@dataclass
class _Repeat:
    """A call that ran an earlier one's root again.

    Attributes:
        itself: The very root, not one below it.
        leaves: Whose gradients held the earlier call's addition.
        left: Those that no optimizer holds, as the call left them.
        sums: Gradients of a few of them, as the call left them.
    """

    call: int
    site: Site
    first: _First
    itself: bool
    leaves: frozenset[int]
    left: Leaves
    sums: dict[int, Evidence]


class RepeatedBackwardAccumulates:
    """A root that ran already, run again into gradients in which the first run still stands, and then used."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan, BackwardEnded, StepBegan)

    def __init__(self) -> None:
        self._calls: dict[int, _First] = {}
        self._running: _Repeat | None = None
        self._pending: list[_Repeat] = []
        self._said: dict[Site, Finding] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak as the sum is about to be used, or was used by hand."""
        match event:
            case BackwardBegan(accumulates=True, inside=None):
                yield from self._begins(event)
            case BackwardEnded() if self._running is not None and event.call == self._running.call:
                self._running.left = event.leaves
                # of an optimizer that has not stepped yet, the parameters count as leaves that nobody holds
                here = {leaf: seen.gradient for leaf, seen in event.leaves.items() if seen.gradient is not None}
                self._running.sums = here | event.look.evidence(self._running.leaves)
                self._pending = [*self._pending, self._running][-_PENDING:]
                self._running = None
            case StepBegan() if self._pending:
                yield from self._steps(event)
            case _:
                return

    def _begins(self, event: BackwardBegan) -> Iterator[Finding]:
        self._running = None
        waiting: list[_Repeat] = []
        for repeat in self._pending:
            if _was_used(repeat, event.leaves):
                yield self._say(repeat, event.look.parameter(next(iter(repeat.left))))
            elif event.reaches and _stands(repeat, event):
                waiting.append(repeat)
        self._pending = waiting
        for call in sorted(event.ran_before):
            first = self._calls.get(call)
            leaves = event.standing.get(call, frozenset())
            if first is not None and leaves and not (first.explicit or event.explicit_gradient):
                itself = not set(first.roots).isdisjoint(event.roots)
                self._running = _Repeat(event.call, event.site, first, itself, leaves, {}, {})
                break
        self._calls[event.call] = _First(event.site, event.explicit_gradient, event.roots)
        if len(self._calls) > _REMEMBERED:
            del self._calls[next(iter(self._calls))]

    def _steps(self, event: StepBegan) -> Iterator[Finding]:
        holds = event.look.held_by(event.optimizer)
        for repeat in list(self._pending):
            used = repeat.leaves & holds
            now = event.look.evidence(used) if used else {}
            if not now:
                continue
            self._pending.remove(repeat)
            if not _is_mean(repeat.sums, now):
                yield self._say(repeat, event.look.parameter(min(used)))

    def _say(self, repeat: _Repeat, name: str) -> Finding:
        said = self._said.get(repeat.site)
        if said is None:
            said = self._said[repeat.site] = _finding(repeat, name)
        return said


def _is_mean(sums: dict[int, Evidence], now: dict[int, Evidence]) -> bool:
    """The sum of so many runs was divided by their number since: a mean was meant."""
    pairs = [
        (old, new)
        for leaf, seen in now.items()
        if leaf in sums
        for old, new in zip(sums[leaf].sample, seen.sample, strict=False)
        if old
    ]
    return bool(pairs) and any(all(abs(new * runs / old - 1) < _CLOSE for old, new in pairs) for runs in _RUNS)


def _stands(repeat: _Repeat, event: BackwardBegan) -> bool:
    """What the repeat added is still there, as far as this call's leaves tell."""
    here = repeat.leaves & event.reaches
    return not here or not here.isdisjoint(event.standing.get(repeat.call, frozenset()))


def _was_used(repeat: _Repeat, now: Leaves) -> bool:
    """A leaf that no optimizer holds has moved along the sum."""
    return any(
        before.gradient is not None and moved_along(before.gradient.sample, before.value, now[leaf].value)
        for leaf, before in repeat.left.items()
        if leaf in now and leaf in repeat.leaves
    )


def _finding(repeat: _Repeat, name: str) -> Finding:
    first = repeat.first.site
    where = first.place
    count = len(repeat.leaves)
    gradients = f"`{name}`" if count == 1 else f"`{name}` and {count - 1} more"
    if repeat.itself:
        what = f"this root already ran backward at {where}"
        advice = "Run it once, or clear the gradients in between."
    else:
        what = f"a part of this root already ran backward by itself at {where}"
        advice = "Run the sum alone, or detach() the part that has had its own backward."
    return finding(
        RULE,
        at=repeat.site,
        message=(
            f"{what[0].upper()}{what[1:]}, and nothing has cleared the gradients of {gradients} since: "
            f"its gradients count twice in the step that uses the sum. {advice}"
        ),
        related=(Related(site=first, message="This backward had added them already."),),
        facts=(Fact(name="gradients counted twice", value=str(count)),),
    )
