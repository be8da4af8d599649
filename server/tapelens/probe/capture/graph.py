"""The autograd graph below some roots, in the order in which it was made."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

ACCUMULATE_GRAD = "AccumulateGrad"
_NO_SEQUENCE = 1 << 63
"""AccumulateGrad counts as 2**64-1: it has no time of its own."""


@dataclass(slots=True)
class Graph:
    """Nodes in tape order, and edges between rows.

    NOTE [hold nodes while walking]: PyTorch makes a node's Python object on demand; it is its own
    identity only while someone keeps it. ``rows`` does. Drop it before the program goes on: a held
    node keeps its leaves alive.

    Attributes:
        names: Of the nodes' types, by row.
        sequences: By row; -1 for nodes without one.
        left_out: Nodes known to be there and not walked.
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

    def row(self, node: Node | None) -> int:
        """The node's row; -1 for None and for one that was left out."""
        return -1 if node is None else self.rows.get(node, -1)


def walk_graph(roots: Iterable[Node], *, at_most: int) -> Graph:
    """Everything below the roots; the first roots' graphs first when the bound bites.

    Iterative: a graph of a million nodes is no recursion.
    """
    found, left_out = _discover(roots, at_most)
    graph = Graph(left_out=left_out)
    _put_in_order(graph, found)
    rows = graph.rows
    for row, node in enumerate(graph.nodes):
        for position, (target, input_nr) in enumerate(found[node]):
            if target is None or target not in rows:  # needed no gradient, or left out
                continue
            graph.sources.append(row)
            graph.positions.append(position)
            graph.targets.append(rows[target])
            graph.input_nrs.append(input_nr)
    return graph


def node_name(node: Node) -> str:
    """The type's name; nodes that torch has no Python type for say theirs themselves."""
    name = type(node).__name__
    return node.name().rpartition("::")[2] if name == "CppFunction" else name


_Next = tuple[tuple["Node | None", int], ...]


def _discover(roots: Iterable[Node], at_most: int) -> tuple[dict[Node, _Next], int]:
    """Nodes with their ``next_functions``, breadth first below each root in turn."""
    found: dict[Node, _Next] = {}
    beyond: set[Node] = set()
    for root in roots:
        wave = [root]
        while wave:
            following: list[Node] = []
            for node in wave:
                if node in found:
                    continue
                if len(found) == at_most:
                    beyond.add(node)
                    continue
                found[node] = into = node.next_functions
                following.extend([target for target, _ in into if target is not None])
            wave = following
    return found, len(beyond)


def _put_in_order(graph: Graph, found: dict[Node, _Next]) -> None:
    """Sequence numbers first, then discovery; each AccumulateGrad stands before its first user."""
    untimed: set[Node] = set()
    timed: list[tuple[int, Node]] = []
    for node in found:
        sequence = node._sequence_nr()
        if sequence >= _NO_SEQUENCE:
            untimed.add(node)
        else:
            timed.append((sequence, node))
    timed.sort(key=_time)
    ordered: list[tuple[int, Node]] = []
    for entry in timed:
        for target, _ in found[entry[1]]:
            if target in untimed:
                untimed.discard(target)
                ordered.append((-1, target))
        ordered.append(entry)
    ordered += [(-1, node) for node in found if node in untimed]  # itself a root
    graph.nodes = [node for _, node in ordered]
    graph.sequences = [sequence for sequence, _ in ordered]
    graph.names = [node_name(node) for node in graph.nodes]
    graph.rows = {node: row for row, node in enumerate(graph.nodes)}


def _time(entry: tuple[int, Node]) -> int:
    return entry[0]


def is_custom(node: Node) -> bool:
    """Made by a user's (or a library's) ``autograd.Function``."""
    return sys.modules["torch"]._C._FunctionBase in type(node).__mro__
