"""Who keeps graphs of earlier steps alive, and what they keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from types import FrameType

from ...wire.memory import Keeper
from .ages import Ages
from .graph import Graph
from .holders import Holder, HolderSearch
from .memory import is_unknown
from .saved import NodeSaved, Saved, SavedReader
from .scopes import scopes_of, unread_frames

KEEPERS = 20
SEARCH_MS = 80
NODES_MS = 80
BYTES_MS = 120
_LOOK_AT_CLOCK = 64
_TWO = 2


@dataclass(frozen=True, slots=True)
class Keepers:
    """What was found.

    Attributes:
        left_out: Keepers beyond the bound.
        cut: Values and nodes that were not looked at.
        unread_frames: Outer functions whose variables may not be read.
    """

    keepers: tuple[Keeper, ...] = ()
    left_out: int = 0
    cut: int = 0
    unread_frames: int = 0


def find_keepers(
    frame: FrameType,
    name_of: Callable[[object], str],
    *,
    steps: Sequence[int],
    graph: Graph,
    saved: Sequence[NodeSaved],
    runs: Collection[int],
    in_line: bool,
    parameters: set[int],
) -> Keepers:
    """Look below every name that the frame's thread reaches for nodes of earlier steps.

    NOTE [what is old]: what one iteration made and the next has not yet overwritten is no leak, so a
    node is old when it was made before the step *before the last* one ended.

    ``steps`` are the clock at the ends of this thread's steps, ascending (``StepClock.boundaries``);
    ``saved`` belongs to the rows of ``graph``, whose ``runs`` the backward foreseen runs, which is
    written ``in_line``, or else was only guessed; ``parameters`` are storages.
    """
    if len(steps) < _TWO:
        return Keepers()
    search = HolderSearch(name_of, deadline_ns=time.perf_counter_ns() + SEARCH_MS * 1_000_000)
    for scope in scopes_of(frame):
        search.look(scope.variables, scope.kind, scope.name)
    until_ns = time.perf_counter_ns() + NODES_MS * 1_000_000
    ages = Ages(graph, deadline_ns=until_ns)
    running = _running(runs, ages, steps, in_line=in_line)
    groups = _groups(search.found, ages, steps, running, deadline_ns=until_ns)
    bill = _Bill(graph, saved, parameters, share_ns=BYTES_MS * 1_000_000 // max(1, len(groups)))
    every = [_keeper(group, ages, steps, bill, graph) for group in groups]
    telling = [each for each in every if each.size_bytes or each.at_least or each.tensors > 1 or each.steps > 1]
    telling.sort(key=lambda each: (-each.size_bytes, -each.nodes))
    return Keepers(
        tuple(telling[:KEEPERS]),
        left_out=max(0, len(telling) - KEEPERS),
        cut=search.cut + ages.cut + bill.cut,
        unread_frames=unread_frames(frame),
    )


@dataclass(slots=True)
class _Group:
    """Holders that differ only in a subscript."""

    holders: list[Holder] = field(default_factory=list[Holder])
    old: dict[int, None] = field(default_factory=dict[int, None])


@dataclass(frozen=True, slots=True)
class _Grown:
    """A tensor of this step whose graph reaches back through earlier ones."""

    number: int
    old: int


def _running(runs: Collection[int], ages: Ages, steps: Sequence[int], *, in_line: bool) -> Collection[int]:
    """Nodes that are not kept by mistake: the backward foreseen runs them."""
    if not runs:
        return ()
    top = max(runs)
    old_before = steps[-_TWO]
    if ages.made[top] < old_before and not in_line:
        return ()
    if len(ages.steps_of(ages.old_below(top, old_before), steps)) >= _TWO:
        return ()  # it runs through the very graphs that nobody meant to keep
    return runs


def _groups(
    holders: list[Holder], ages: Ages, steps: Sequence[int], running: Collection[int], *, deadline_ns: int
) -> list[_Group]:
    """Holders of old graphs, by what they would be called together."""
    old_before = steps[-_TWO]
    grown: list[_Grown] = []
    groups: dict[tuple[str, str, str], _Group] = {}
    numbered = [(ages.number(holder.node), holder) for holder in holders]
    numbered = [(number, holder) for number, holder in numbered if number >= 0 and number not in running]
    for number, holder in sorted(numbered, key=lambda pair: ages.made[pair[0]]):
        group = groups.setdefault((holder.way.scope, holder.way.kind, holder.way.pattern), _Group())
        if ages.made[number] < old_before:
            old = ages.old_below(number, old_before, group.old)
        elif time.perf_counter_ns() > deadline_ns:
            ages.cut += 1
            continue
        else:  # of this step: does its graph reach back through earlier ones?
            old = ages.old_below(number, old_before)
            if len(ages.steps_of(old, steps)) < _TWO or _is_covered(number, len(old), grown, ages):
                continue
            grown.append(_Grown(number, len(old)))
        if old or number in group.old:
            group.holders.append(holder)
            group.old.update(dict.fromkeys(old))
    return [group for group in groups.values() if group.holders]


def _is_covered(number: int, old: int, grown: list[_Grown], ages: Ages) -> bool:
    """It was made from a tensor that has been told already, and reaches back only through that."""
    return any(old == other.old and number != other.number and ages.is_below(other.number, number) for other in grown)


class _Bill:
    """What nodes keep for backward; each question may take a share of the time.

    Attributes:
        cut: Nodes whose saved tensors no time was left for.
        unknown: Saved tensors whose bytes cannot be told.
    """

    def __init__(self, graph: Graph, saved: Sequence[NodeSaved], parameters: set[int], *, share_ns: int) -> None:
        self.cut = self.unknown = 0
        self._graph = graph
        self._saved = saved
        self._parameters = parameters
        self._reader = SavedReader()
        self._share_ns = share_ns

    def bytes_of(self, numbers: Collection[int], ages: Ages) -> int:
        """Their saved tensors' storages, each once."""
        counted = set(self._parameters)
        total = 0
        until_ns = time.perf_counter_ns() + self._share_ns
        for index, number in enumerate(numbers):
            if not index % _LOOK_AT_CLOCK and time.perf_counter_ns() > until_ns:
                self.cut += len(numbers) - index
                break
            for slot in self._slots(number, ages):
                self.unknown += is_unknown(slot)
                if slot.storage is not None and slot.storage[0] not in counted:
                    counted.add(slot.storage[0])
                    total += slot.storage[1]
        return total

    def _slots(self, number: int, ages: Ages) -> Sequence[Saved]:
        held = self._saved[number] if number < len(self._saved) else None
        if held is not None and (held.slots or held.state != "unknown"):
            return held.slots
        return self._reader.read(ages.node(number)).slots


def _keeper(group: _Group, ages: Ages, steps: Sequence[int], bill: _Bill, graph: Graph) -> Keeper:
    first, last = group.holders[0], group.holders[-1]
    before = bill.cut + bill.unknown
    size_bytes = bill.bytes_of(group.old, ages)
    return Keeper(
        path=first.way.path if first is last else _common_container(group.holders),
        first=first.way.path,
        last=last.way.path,
        kind=first.way.kind,
        function=first.way.scope,
        tensors=len(group.holders),
        steps=len(ages.steps_of(group.old, steps)),
        node=graph.row(first.node),
        nodes=len(group.old),
        size_bytes=size_bytes,
        at_least=bool(ages.cut or bill.cut + bill.unknown > before),
    )


def _common_container(holders: list[Holder]) -> str:
    """The innermost container that all of them lie in."""
    first = holders[0].way
    shared = [path for path in first.containers if all(path in holder.way.containers for holder in holders)]
    return shared[-1] if shared else first.path
