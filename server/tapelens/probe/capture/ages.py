"""When the nodes of graphs were made, on the clock that numbers them."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from ..landings import land
from .graph import Graph

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

UNTIMED = -1
_NEVER = 1 << 63
"""AccumulateGrad counts as 2**64-1: it has no time of its own."""

_NODES = 200_000
_LOOK_AT_CLOCK = 256
_PASSES = 32  # of mixed threads' numbers, each of which mends one place where they cross


class Ages:
    """Nodes by number: the snapshot's rows first, then what lies beyond them, as it is met.

    NOTE [the age of a node]: numbers are a thread's own, but a node is no older than what it was made
    from. So its age is the newest number at or below it.

    Attributes:
        made: By number, the age; -1 where nothing below has a time.
        cut: Nodes that a bound kept from being looked at.
    """

    def __init__(self, graph: Graph, *, deadline_ns: int) -> None:
        self.cut = 0
        self._graph = graph
        self._deadline_ns = deadline_ns
        self._nodes: list[Node] = list(graph.nodes)
        self._numbers: dict[Node, int] = {}
        self._below: list[list[int]] = [[] for _ in graph.nodes]
        for source, target in zip(graph.sources, graph.targets, strict=True):
            self._below[source].append(target)
        self.made = list(graph.sequences)
        self._oldest = [number if number >= 0 else _NEVER for number in graph.sequences]
        self._spread_up(range(len(graph.nodes)))

    def number(self, node: Node) -> int:
        """The node's number, after everything below it was looked at; -1 when a bound kept it out."""
        known = self._find(node)
        return self._look_below(node) if known < 0 else known

    def node(self, number: int) -> Node:
        """The node of a number."""
        return self._nodes[number]

    def old_below(self, root: int, old_before: int, known: Collection[int] = ()) -> list[int]:
        """The nodes at or below that were made before a time, and have one; none below those that are ``known``."""
        if self._oldest[root] >= old_before or root in known:
            return []
        found: list[int] = []
        seen = {root}
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if UNTIMED < self.made[number] < old_before and self._is_timed(number):
                found.append(number)
            for target in self._below[number]:
                if target not in seen and target not in known and self._oldest[target] < old_before:
                    seen.add(target)
                    waiting.append(target)
        return found

    def is_below(self, number: int, root: int) -> bool:
        """Whether a way leads from the root to the node."""
        limit = self.made[number]
        seen = {root}
        waiting = [root]
        while waiting:
            each = waiting.pop()
            if each == number:
                return True
            for target in self._below[each]:
                if target not in seen and self.made[target] >= limit:
                    seen.add(target)
                    waiting.append(target)
        return False

    def steps_of(self, numbers: Iterable[int], steps: Sequence[int]) -> set[int]:
        """In which steps the nodes were made, by the clock at the steps' ends."""
        return {bisect_right(steps, self.made[number]) for number in numbers}

    def _is_timed(self, number: int) -> bool:
        sequences = self._graph.sequences
        return number >= len(sequences) or sequences[number] >= 0

    def _find(self, node: Node) -> int:
        row = self._graph.row(node)
        return row if row >= 0 else self._numbers.get(node, -1)

    def _look_below(self, root: Node) -> int:
        """Number what lies beyond the rows, breadth first, then date it, what was made first first."""
        wave = [root]
        fresh: dict[int, list[Node]] = {}
        while wave:
            following: list[Node] = []
            for node in wave:
                if self._find(node) >= 0:
                    continue
                if self._is_enough():
                    self.cut += 1
                    continue
                number = self._numbers[node] = len(self._nodes)
                self._nodes.append(node)
                self._add_time(node)
                fresh[number] = targets = [target for target, _ in node.next_functions if target is not None]
                following += targets
            wave = following
        land(self._nodes[number] for number in fresh)
        for number, targets in fresh.items():
            self._below[number] = [below for below in map(self._find, targets) if below >= 0]
        self._spread_up(sorted(fresh, key=self.made.__getitem__))
        return self._numbers.get(root, -1)

    def _add_time(self, node: Node) -> None:
        sequence = node._sequence_nr()
        timed = sequence < _NEVER
        self._below.append([])
        self.made.append(sequence if timed else UNTIMED)
        self._oldest.append(sequence if timed else _NEVER)

    def _spread_up(self, numbers: Iterable[int]) -> None:
        """From targets to sources. Where two threads' numbers are mixed the order may be wrong: then once more."""
        made, oldest, below = self.made, self._oldest, self._below
        order = list(numbers)
        place = {number: index for index, number in enumerate(order)}
        mixed = False
        for index, number in enumerate(order):
            for target in below[number]:
                made[number] = max(made[number], made[target])
                oldest[number] = min(oldest[number], oldest[target])
                mixed = mixed or place.get(target, -1) > index
        if mixed:
            self._settle(order)

    def _settle(self, order: list[int]) -> None:
        made, oldest, below = self.made, self._oldest, self._below
        for _ in range(_PASSES):
            changed = False
            for number in order:
                for target in below[number]:
                    if made[target] > made[number] or oldest[target] < oldest[number]:
                        made[number] = max(made[number], made[target])
                        oldest[number] = min(oldest[number], oldest[target])
                        changed = True
            if not changed:
                return

    def _is_enough(self) -> bool:
        count = len(self._nodes)
        return count >= len(self._graph.nodes) + _NODES or (
            not count % _LOOK_AT_CLOCK and time.perf_counter_ns() > self._deadline_ns
        )
