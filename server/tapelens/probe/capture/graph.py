"""The autograd graph below some roots, in the order in which it was made."""

from __future__ import annotations

import sys
import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from ..landings import BAND, land, land_below

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

ACCUMULATE_GRAD = "AccumulateGrad"
NO_SEQUENCE = 1 << 63
"""AccumulateGrad counts as 2**64-1: it has no time of its own."""

_UNTIMED = frozenset(("NotImplemented", "Error", "DelayedError"))
_CHAINED = 2  # such nodes, straight below one another
_LOOK_AT_CLOCK = 1024  # nodes between two looks
_LANDING_TOO = 600_000  # nanoseconds of a millisecond: what was counted is then looked at once more


@dataclass(slots=True)
class Graph:
    """Nodes in tape order, and edges between rows.

    NOTE [hold nodes while walking]: PyTorch makes a node's Python object on demand; it is its own
    identity only while someone keeps it. ``rows`` does. Drop it before the program goes on: a held
    node keeps its leaves alive.

    Attributes:
        names: Of the nodes' types, by row.
        sequences: By row; -1 for nodes without one.
        left_out: Nodes known to be there that have no row.
        counted: Nobody lies beyond those.
    """

    nodes: list[Node] = field(default_factory=list["Node"])
    rows: dict[Node, int] = field(default_factory=dict["Node", int])
    names: list[str] = field(default_factory=list[str])
    sequences: list[int] = field(default_factory=list[int])
    sources: list[int] = field(default_factory=list[int])
    positions: list[int] = field(default_factory=list[int])
    targets: list[int] = field(default_factory=list[int])
    input_nrs: list[int] = field(default_factory=list[int])
    left_out: int = 0
    counted: bool = True

    def row(self, node: Node | None) -> int:
        """The node's row; -1 for None and for one that was left out."""
        return -1 if node is None else self.rows.get(node, -1)


def walk_graph(roots: Iterable[Node], *, at_most: int, count_ms: int = 0) -> Graph:
    """Everything below the roots, or what was made last below each root in turn; the rest is counted.

    Iterative: a graph of a million nodes is no recursion.

    Args:
        roots: Those first whose graphs a bound must not cut.
        at_most: How many nodes get a row.
        count_ms: How long to count what has no row.
    """
    tops = list(dict.fromkeys(roots))
    order = _everything(tops, at_most)
    beyond: list[Node] = []
    if order is None:
        order, beyond = _newest(tops, at_most)
    graph = Graph()
    _fill(graph, order)
    if len(order) >= BAND:
        _land(graph)
    if beyond:
        graph.left_out, graph.counted = _count(beyond, graph.rows, time.perf_counter_ns() + count_ms * _LANDING_TOO)
    return graph


def node_name(node: Node) -> str:
    """The type's name; nodes that torch has no Python type for say theirs themselves."""
    name = type(node).__name__
    return node.name().rpartition("::")[2] if name == "CppFunction" else name


def is_custom(node: Node) -> bool:
    """Made by a user's (or a library's) ``autograd.Function``."""
    return sys.modules["torch"]._C._FunctionBase in type(node).__mro__


def _everything(roots: list[Node], at_most: int) -> list[Node] | None:
    """All nodes; None when they are too many."""
    order: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        waiting = [root]
        while waiting:
            node = waiting.pop()
            order.append(node)
            for target, _ in node.next_functions:
                if target is not None and target not in seen:
                    seen.add(target)
                    waiting.append(target)
            if len(order) > at_most:
                return None
    return order


def _newest(roots: list[Node], at_most: int) -> tuple[list[Node], list[Node]]:
    """The nodes made last below each root in turn, with the leaves they use; and what lies straight below."""
    order: list[Node] = []
    beyond: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        heap: list[tuple[int, int, Node]] = []
        wave: list[Node | None] = [root]
        while True:
            for target in wave:
                if target is not None and target not in seen:
                    seen.add(target)
                    # a leaf counts as the newest: it comes with its user
                    heappush(heap, (-target._sequence_nr(), len(seen), target))
            if not heap:
                break
            if len(order) >= at_most:
                beyond += [node for _, _, node in heap]
                break
            node = heappop(heap)[2]
            order.append(node)
            wave = [target for target, _ in node.next_functions]
    return order, beyond


def _count(waiting: list[Node], known: dict[Node, int], until_ns: int) -> tuple[int, bool]:
    """How many nodes there are from these on, and whether time sufficed to look at all."""
    seen = set(waiting)
    looked_at: list[Node] = []
    while waiting:
        if not len(looked_at) % _LOOK_AT_CLOCK and time.perf_counter_ns() > until_ns:
            break
        node = waiting.pop()
        looked_at.append(node)
        for target, _ in node.next_functions:
            if target is not None and target not in seen and target not in known:
                seen.add(target)
                waiting.append(target)
    land(looked_at)
    return len(seen), not waiting


def _fill(graph: Graph, order: list[Node]) -> None:
    """Rows by sequence number, each AccumulateGrad before its first user; and the edges between them."""
    numbers: list[float] = [node._sequence_nr() for node in order]
    _date_untimed(order, numbers)
    by_time = sorted(range(len(order)), key=numbers.__getitem__)
    timed = bisect_left(by_time, NO_SEQUENCE, key=numbers.__getitem__)
    leaves = {order[index] for index in by_time[timed:]}
    nodes, rows, sequences = graph.nodes, graph.rows, graph.sequences
    sources, positions, targets, input_nrs = graph.sources, graph.positions, graph.targets, graph.input_nrs
    early: list[tuple[int, Node]] = []  # edges to what may come later: numbers of several threads cross
    for index in by_time[:timed]:
        node = order[index]
        position = -1
        found = 0
        for target, input_nr in node.next_functions:
            position += 1
            if target is None:  # needed no gradient
                continue
            row = rows.get(target, -1)
            if row < 0:
                if target in leaves:
                    row = rows[target] = len(nodes)
                    nodes.append(target)
                    sequences.append(-1)
                else:
                    early.append((len(targets), target))
            positions.append(position)
            targets.append(row)
            input_nrs.append(input_nr)
            found += 1
        row = rows[node] = len(nodes)
        nodes.append(node)
        number = numbers[index]
        sequences.append(number if type(number) is int else -1)
        if found == 1:
            sources.append(row)
        elif found:
            sources.extend([row] * found)
    for node in order:
        if node in leaves and node not in rows:  # itself a root
            rows[node] = len(nodes)
            nodes.append(node)
            sequences.append(-1)
    graph.names = names_of_types(nodes)
    _mend(graph, early)


def _date_untimed(order: list[Node], numbers: list[float]) -> None:
    """An operation without a derivative, and what may not be differentiated twice, have no time either.

    They run as soon as all their users have: they stand before the first of those, as a leaf does.
    """
    inner = {
        node: index
        for index, node in enumerate(order)
        if numbers[index] >= NO_SEQUENCE and type(node).__name__ in _UNTIMED
    }
    for index in inner.values():
        numbers[index] = float(NO_SEQUENCE >> 1)
    for _ in range(_CHAINED if inner else 0):
        for index, node in enumerate(order):
            for target, _ in node.next_functions:
                at = inner.get(target) if target is not None else None
                if at is not None:
                    numbers[at] = min(numbers[at], numbers[index] - 0.5)


def _mend(graph: Graph, early: list[tuple[int, Node]]) -> None:
    """Give edges their targets' rows; an edge to what was left out goes."""
    gone: set[int] = set()
    for edge, target in early:
        graph.targets[edge] = graph.rows.get(target, -1)
        if graph.targets[edge] < 0:
            gone.add(edge)
    if gone:
        for column in (graph.sources, graph.positions, graph.targets, graph.input_nrs):
            column[:] = [value for edge, value in enumerate(column) if edge not in gone]


def names_of_types(nodes: list[Node]) -> list[str]:
    """As ``node_name``, for many."""
    kinds = list(map(type, nodes))
    names = {kind: kind.__name__ for kind in set(kinds)}
    if "CppFunction" in names.values():
        return list(map(node_name, nodes))
    return [names[kind] for kind in kinds]


def _land(graph: Graph) -> None:
    """Let what was walked be freed safely."""
    bands = [number // BAND for number in graph.sequences]  # leaves are in band -1
    crossing: dict[int, list[Node]] = {}
    for source, target in zip(graph.sources, graph.targets, strict=True):
        if bands[source] != bands[target] >= 0:
            crossing.setdefault(source, []).append(graph.nodes[target])
    for source, below in crossing.items():
        land_below(graph.nodes[source], below)
