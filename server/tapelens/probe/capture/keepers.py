"""Who keeps graphs of earlier steps alive, and what they keep."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING

from ...wire.memory import Keeper
from .graph import Graph
from .holders import Holder, HolderSearch
from .saved import NodeSaved, SavedReader
from .scopes import scopes_of, unread_frames

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

KEEPERS = 20
BUDGET_MS = 60
_NODES = 100_000
_NO_SEQUENCE = 1 << 63
_UNTIMED = -1
_LOOK_AT_CLOCK = 256
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
    node is old when it was made before the step *before the last* one ended. Numbers are a thread's
    own, but nothing is older than what it was made from: a node is as old as the newest node below it.

    ``steps`` are the clock at the ends of this thread's steps, ascending (``StepClock.boundaries``);
    ``saved`` belongs to the rows of ``graph``, whose ``runs`` the backward foreseen runs, which is
    written ``in_line``, or else was only guessed; ``parameters`` are storages.
    """
    if len(steps) < _TWO:
        return Keepers()
    until_ns = time.perf_counter_ns() + BUDGET_MS * 1_000_000
    search = HolderSearch(name_of, deadline_ns=until_ns)
    for scope in scopes_of(frame):
        search.look(scope.variables, scope.kind, scope.name)
    ages = Ages(deadline_ns=until_ns)
    old_before = steps[-_TWO]
    running = _running(graph, runs, ages, steps, in_line=in_line)
    groups = _groups(search.found, ages, old_before, steps, running)
    bill = _Bill(graph, saved, parameters)
    every = [_keeper(group, ages, steps, bill, graph) for group in groups]
    telling = [each for each in every if each.size_bytes or each.tensors > 1 or each.steps > 1]
    telling.sort(key=lambda each: (-each.size_bytes, -each.nodes))
    return Keepers(
        tuple(telling[:KEEPERS]), max(0, len(telling) - KEEPERS), search.cut + ages.cut, unread_frames(frame)
    )


class Ages:
    """When nodes were made, on the clock that numbers them.

    Attributes:
        cut: Nodes that a bound kept from being looked at.
    """

    def __init__(self, *, deadline_ns: int) -> None:
        self.cut = 0
        self.made: dict[Node, int] = {}
        self._oldest: dict[Node, int] = {}
        self._below: dict[Node, tuple[Node, ...]] = {}
        self._deadline_ns = deadline_ns

    def made_at(self, root: Node) -> int:
        """The newest number at or below the node; -1 where nothing has one, or nobody can tell."""
        self._look_below(root)
        return self.made.get(root, _UNTIMED)

    def old_below(self, root: Node, old_before: int) -> list[Node]:
        """The nodes at or below that are of earlier steps, and have a number."""
        self._look_below(root)
        if self._oldest.get(root, old_before) >= old_before:
            return []
        found: list[Node] = []
        seen = {root}
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if _UNTIMED < self.made.get(node, _UNTIMED) < old_before:
                found.append(node)
            for target in self._below.get(node, ()):
                if target not in seen and self._oldest.get(target, old_before) < old_before:
                    seen.add(target)
                    waiting.append(target)
        return found

    def is_below(self, node: Node, root: Node) -> bool:
        """Whether a way leads from the root to the node."""
        limit = self.made.get(node, _UNTIMED)
        seen = {root}
        waiting = [root]
        while waiting:
            each = waiting.pop()
            if each is node:
                return True
            for target in self._below.get(each, ()):
                if target not in seen and self.made.get(target, _UNTIMED) >= limit:
                    seen.add(target)
                    waiting.append(target)
        return False

    def _look_below(self, root: Node) -> None:
        made, below = self.made, self._below
        waiting = [root]
        while waiting:
            node = waiting[-1]
            if node in made:
                waiting.pop()
                continue
            targets = below.get(node)
            if targets is None:
                if self._is_enough(len(below)):
                    self.cut += 1
                    return
                targets = below[node] = tuple([target for target, _ in node.next_functions if target is not None])
            pending = [target for target in targets if target not in made]
            if pending:
                waiting.extend(pending)
                continue
            self._date(node, targets)

    def _date(self, node: Node, targets: tuple[Node, ...]) -> None:
        sequence = node._sequence_nr()
        own = _UNTIMED if sequence >= _NO_SEQUENCE else sequence
        self.made[node] = max([own, *(self.made[target] for target in targets)])
        numbered = [self._oldest[target] for target in targets] + ([self.made[node]] if own >= 0 else [])
        self._oldest[node] = min(numbered, default=_NO_SEQUENCE)

    def _is_enough(self, count: int) -> bool:
        return count >= _NODES or (not count % _LOOK_AT_CLOCK and time.perf_counter_ns() > self._deadline_ns)


@dataclass(slots=True)
class _Group:
    """Holders that differ only in a subscript."""

    holders: list[Holder] = field(default_factory=list[Holder])
    old: dict[Node, None] = field(default_factory=dict["Node", None])


def _running(graph: Graph, runs: Collection[int], ages: Ages, steps: Sequence[int], *, in_line: bool) -> set[Node]:
    """Nodes of earlier steps that are not kept by mistake: the backward foreseen runs them."""
    if not runs:
        return set()
    top = graph.nodes[max(runs)]
    old_before = steps[-_TWO]
    if ages.made_at(top) < old_before and not in_line:
        return set()
    if len(_steps_of(ages.old_below(top, old_before), steps, ages)) >= _TWO:
        return set()  # it runs through the very graphs that nobody meant to keep
    return {graph.nodes[row] for row in runs}


def _steps_of(nodes: Iterable[Node], steps: Sequence[int], ages: Ages) -> set[int]:
    return {bisect_right(steps, ages.made[node]) for node in nodes}


def _groups(
    holders: list[Holder], ages: Ages, old_before: int, steps: Sequence[int], running: set[Node]
) -> list[_Group]:
    """Holders of old graphs, by what they would be called together."""
    grown: list[tuple[Holder, list[Node]]] = []
    groups: dict[tuple[str, str, str], _Group] = {}
    for holder in sorted(holders, key=lambda each: ages.made_at(each.node)):
        made = ages.made_at(holder.node)
        if made == _UNTIMED or holder.node in running:
            continue
        old = ages.old_below(holder.node, old_before)
        if made >= old_before:  # of this step: does its graph reach back through earlier ones?
            if len(_steps_of(old, steps, ages)) < _TWO or _is_covered(holder, old, grown, ages):
                continue
            grown.append((holder, old))
        group = groups.setdefault((holder.way.scope, holder.way.kind, holder.way.pattern), _Group())
        group.holders.append(holder)
        group.old.update(dict.fromkeys(old))
    return list(groups.values())


def _is_covered(holder: Holder, old: list[Node], grown: list[tuple[Holder, list[Node]]], ages: Ages) -> bool:
    """It was made from a tensor that has been told already, and reaches back only through that."""
    return any(
        len(old) == len(theirs) and other.node is not holder.node and ages.is_below(other.node, holder.node)
        for other, theirs in grown
    )


class _Bill:
    """What nodes keep for backward."""

    def __init__(self, graph: Graph, saved: Sequence[NodeSaved], parameters: set[int]) -> None:
        self._graph = graph
        self._saved = saved
        self._parameters = parameters
        self._reader = SavedReader()

    def bytes_of(self, nodes: Iterable[Node]) -> int:
        """Their saved tensors' storages, each once."""
        counted = set(self._parameters)
        total = 0
        for node in nodes:
            row = self._graph.row(node)
            for slot in (self._saved[row] if row >= 0 else self._reader.read(node)).slots:
                if slot.storage is not None and slot.storage[0] not in counted:
                    counted.add(slot.storage[0])
                    total += slot.storage[1]
        return total


def _keeper(group: _Group, ages: Ages, steps: Sequence[int], bill: _Bill, graph: Graph) -> Keeper:
    first, last = group.holders[0], group.holders[-1]
    return Keeper(
        path=first.way.path if first is last else _common_container(group.holders),
        first=first.way.path,
        last=last.way.path,
        kind=first.way.kind,
        function=first.way.scope,
        tensors=len(group.holders),
        steps=len(_steps_of(group.old, steps, ages)),
        node=graph.row(first.node),
        nodes=len(group.old),
        size_bytes=bill.bytes_of(group.old),
    )


def _common_container(holders: list[Holder]) -> str:
    """The innermost container that all of them lie in."""
    first = holders[0].way
    shared = [path for path in first.containers if all(path in holder.way.containers for holder in holders)]
    return shared[-1] if shared else first.path
