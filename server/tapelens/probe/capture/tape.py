"""The whole tape behind a frame, a stretch at a time, for who wants more of it than a snapshot holds."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...wire.asked import TapePage
from ..landings import land_dated
from .graph import ACCUMULATE_GRAD, NO_SEQUENCE, Graph, names_of_types, node_name
from .guards import collector_held, undisturbed
from .nodes import Origins, edge_columns, node_columns, read_saved, saved_columns, unknown_origins
from .parameters import parameter_storages
from .starts import find_starts
from .tables import Shapes, Sites, Strings

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_LOOK_AT_CLOCK = 1024  # nodes between two looks


@dataclass(frozen=True, kw_only=True, slots=True)
class PageBounds:
    """How much one page may hold and cost: below the 3 s after which the debugger complains.

    Attributes:
        count: Nodes of a page.
        nodes: Nodes of the whole tape.
        walk_ms: Time for walking it.
        details_ms: Time for the page's saved tensors and shapes.
    """

    tensors: int = 2_000
    values: int = 20_000
    count: int = 20_000
    nodes: int = 4_000_000
    saved: int = 80_000
    walk_ms: int = 1_800
    details_ms: int = 600


PAGE_BOUNDS = PageBounds()


def tape_page(
    frame: FrameType,
    *,
    stop: int,
    first: int,
    count: int,
    origins: Origins = unknown_origins,
    bounds: PageBounds = PAGE_BOUNDS,
) -> TapePage:
    """A stretch of the tape whose rows are those of one ordering of the whole, the same at each call.

    Nothing is kept between two calls: each walks anew, and stamps only the nodes that it tells.
    """
    with collector_held(), undisturbed():
        starts = find_starts(frame, tensors=bounds.tensors, values=bounds.values)
        tape = walk_tape(starts.nodes(), at_most=bounds.nodes, until_ns=_from_now(bounds.walk_ms))
        first = max(0, first)
        until = first + max(0, min(count, bounds.count))
        page = _stretch(tape.nodes[first:until], tape.sequences[first:until])
        leaves = _connect(page, tape.nodes, first)
        for leaf in leaves:
            starts.tensors.add(leaf)
        parameters = parameter_storages(starts.tensors.readings.values())
        strings, shapes, sites = Strings(), Shapes(), Sites()
        deadline_ns = _from_now(bounds.details_ms)
        saved, _ = read_saved(page, deadline_ns=deadline_ns)
        saved_rows, _ = saved_columns(saved, None, strings=strings, shapes=shapes, at_most=bounds.saved, first=first)
        nodes = node_columns(
            page,
            saved,
            {},
            origins(page.sequences),
            parameters=parameters,
            strings=strings,
            shapes=shapes,
            sites=sites,
            deadline_ns=deadline_ns,
        )
        return TapePage(
            kind="tape_page",
            stop=stop,
            first=first,
            total=len(tape.nodes),
            complete=tape.complete,
            strings=strings.table(),
            shapes=shapes.table(),
            sites=sites.table(),
            nodes=nodes,
            edges=edge_columns(page),
            saved=saved_rows,
        )


def walk_tape(roots: Iterable[Node], *, at_most: int, until_ns: int) -> Tape:
    """All nodes below the roots, as far as bounds allow."""
    walk = _Walk(at_most)
    complete = walk.go(roots, until_ns)
    land_dated(walk.numbers)
    nodes, sequences = walk.in_order()
    return Tape(nodes, sequences, complete)


@dataclass(frozen=True, slots=True)
class Tape:
    """Nodes in tape order.

    Attributes:
        sequences: By row; -1 for leaves.
        complete: No node was left out.
    """

    nodes: list[Node]
    sequences: list[int]
    complete: bool


class _Walk:
    """Finds nodes in the same order as ``walk_graph``, and keeps nothing of a node but its number.

    Attributes:
        numbers: Sequence numbers of all nodes found.
    """

    def __init__(self, at_most: int) -> None:
        self.numbers: dict[Node, int] = {}
        self._at_most = at_most
        self._timed: list[Node] = []
        self._looked_at = 0
        self._users: dict[Node, tuple[int, int, int]] = {}
        """Of leaves: the first user's number and place in the walk, and the position among its inputs."""

    def go(self, roots: Iterable[Node], until_ns: int) -> bool:
        """Walk; False when a bound left something out."""
        complete = True
        for root in roots:
            if root in self.numbers:
                continue
            number = self.numbers[root] = root._sequence_nr()
            if number >= NO_SEQUENCE:
                self._users[root] = (NO_SEQUENCE, len(self._users), 0)
                continue
            self._timed.append(root)
            while len(self._timed) > self._looked_at:
                if not self._looked_at % _LOOK_AT_CLOCK and time.perf_counter_ns() > until_ns:
                    return False
                complete &= self._look_below(self._timed[self._looked_at])
                self._looked_at += 1
        return complete

    def _look_below(self, node: Node) -> bool:
        numbers, users, place = self.numbers, self._users, self._looked_at
        complete = True
        for position, (target, _) in enumerate(node.next_functions):
            if target is None:
                continue
            number = numbers.get(target)
            if number is None:
                if len(numbers) >= self._at_most:
                    complete = False
                    continue
                number = numbers[target] = target._sequence_nr()
                if number < NO_SEQUENCE:
                    self._timed.append(target)
            if number >= NO_SEQUENCE:
                user = (numbers[node], place, position)
                users[target] = min(users.get(target, user), user)
        return complete

    def in_order(self) -> tuple[list[Node], list[int]]:
        """By sequence number, then by place in the walk, each leaf before its first user."""
        numbers, users, timed = self.numbers, self._users, self._timed
        leaves = sorted(users, key=users.__getitem__, reverse=True)
        nodes: list[Node] = []
        sequences: list[int] = []
        by_place = [numbers[node] for node in timed]
        for place in sorted(range(len(timed)), key=by_place.__getitem__):
            while leaves and users[leaves[-1]][:2] == (by_place[place], place):
                nodes.append(leaves.pop())
                sequences.append(-1)
            nodes.append(timed[place])
            sequences.append(by_place[place])
        nodes += reversed(leaves)  # themselves roots
        return nodes, sequences + [-1] * len(leaves)


def _stretch(nodes: list[Node], sequences: list[int]) -> Graph:
    return Graph(nodes=nodes, names=names_of_types(nodes), sequences=sequences)


def _connect(page: Graph, order: list[Node], first: int) -> list[torch.Tensor]:
    """Edges out of the page's nodes, between rows of the whole tape; gives the leaves that they lead to."""
    edges = [
        (row, position, target, input_nr)
        for row, node in enumerate(page.nodes, first)
        for position, (target, input_nr) in enumerate(node.next_functions)
        if target is not None
    ]
    wanted = {target for _, _, target, _ in edges}
    rows = {node: row for row, node in enumerate(order) if node in wanted}
    for row, position, target, input_nr in edges:
        if target in rows:
            page.sources.append(row)
            page.positions.append(position)
            page.targets.append(rows[target])
            page.input_nrs.append(input_nr)
    ends: list[Any] = [node for node in dict.fromkeys([*page.nodes, *wanted]) if node_name(node) == ACCUMULATE_GRAD]
    return [end.variable for end in ends]


def _from_now(milliseconds: int) -> int:
    return time.perf_counter_ns() + milliseconds * 1_000_000
