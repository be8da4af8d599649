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
    graph = Graph()
    found = _everything(tops, at_most)
    beyond: list[Node] = []
    if found is None:
        order, beyond = _newest(tops, at_most)
        found = _among(order)
    _fill(graph, found)
    if len(graph.nodes) >= BAND:
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


@dataclass(slots=True)
class _Found:
    """Nodes in the order in which they were found, and edges between places in it."""

    order: list[Node] = field(default_factory=list["Node"])
    places: dict[Node, int] = field(default_factory=dict["Node", int])
    sources: list[int] = field(default_factory=list[int])
    positions: list[int] = field(default_factory=list[int])
    targets: list[int] = field(default_factory=list[int])
    input_nrs: list[int] = field(default_factory=list[int])


def _everything(roots: list[Node], at_most: int) -> _Found | None:
    """All nodes, breadth first below each root in turn; None when they are too many."""
    found = _Found()
    order, places = found.order, found.places
    # bound once: this loop is most of what a stop costs
    place_of, add, source_of = places.get, order.append, found.sources.append
    position_of, target_of, input_nr_of = found.positions.append, found.targets.append, found.input_nrs.append
    source = 0
    for root in roots:
        if root in places:
            continue
        places[root] = len(order)
        add(root)
        while source < len(order):
            position = -1
            for target, input_nr in order[source].next_functions:
                position += 1
                if target is None:  # needed no gradient
                    continue
                place = place_of(target)
                if place is None:
                    place = places[target] = len(order)
                    add(target)
                source_of(source)
                position_of(position)
                target_of(place)
                input_nr_of(input_nr)
            source += 1
            if len(order) > at_most:
                return None
    return found


def _among(order: list[Node]) -> _Found:
    """These nodes, and the edges between them alone."""
    found = _Found(order, {node: place for place, node in enumerate(order)})
    for source, node in enumerate(order):
        for position, (target, input_nr) in enumerate(node.next_functions):
            if target is not None and target in found.places:
                found.sources.append(source)
                found.positions.append(position)
                found.targets.append(found.places[target])
                found.input_nrs.append(input_nr)
    return found


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


def _fill(graph: Graph, found: _Found) -> None:
    """Rows by sequence number, each AccumulateGrad before its first user; and the edges between them."""
    numbers = [node._sequence_nr() for node in found.order]
    in_order = _in_order(found, numbers)
    row_of = [0] * len(in_order)
    for row, place in enumerate(in_order):
        row_of[place] = row
    graph.nodes = [found.order[place] for place in in_order]
    graph.rows = dict(zip(graph.nodes, range(len(in_order)), strict=True))
    graph.names = names_of_types(graph.nodes)
    graph.sequences = [-1 if numbers[place] >= NO_SEQUENCE else numbers[place] for place in in_order]
    graph.sources = [row_of[place] for place in found.sources]
    graph.positions = found.positions
    graph.targets = [row_of[place] for place in found.targets]
    graph.input_nrs = found.input_nrs


def _in_order(found: _Found, numbers: list[int]) -> list[int]:
    """Places by the nodes' sequence numbers, those of leaves before their first users'."""
    by_time = sorted(range(len(numbers)), key=numbers.__getitem__)
    timed = bisect_left(by_time, NO_SEQUENCE, key=numbers.__getitem__)
    leaves = dict.fromkeys(by_time[timed:])
    used: dict[int, list[int]] = {}
    for source, target in zip(found.sources, found.targets, strict=True):
        if target in leaves:
            used.setdefault(source, []).append(target)
    order: list[int] = []
    for place in by_time[:timed]:
        for leaf in used.get(place, ()):
            if leaf in leaves:
                del leaves[leaf]
                order.append(leaf)
        order.append(place)
    return order + list(leaves)  # what is left are roots themselves


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
