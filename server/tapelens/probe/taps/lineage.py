"""What a graph has to do with earlier calls: whose retained nodes it runs again, whose root lies in it."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .graph import ACCUMULATES, Roots
from .steps import sequence_clock
from .threads import thread_serials

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_KEPT_BY = "_tapelens_kept_by"
_ROOT_OF = "_tapelens_root_of"
_SITES = 1024
_REMEMBERED = 256  # calls that kept a graph
_MADE = 64  # calls whose own nodes are told apart
_FOLLOWED = 14  # calls of a site after which every call is looked at in full
_FOLLOWED_PATIENTLY = 52
_FOLLOWED_BY = 64  # calls in a row


class _Made(NamedTuple):
    """The nodes that a call made as it ran, by their numbers: from ``first`` up to ``end``."""

    call: int
    thread: int
    first: int
    end: int


class _Kept:
    """In the metadata of all nodes that a call kept: it is gone when they are."""

    __slots__ = ("__weakref__", "call")

    def __init__(self, call: int) -> None:
        self.call = call


class Lineage:
    """Marks on nodes that live exactly as long as these.

    NOTE [marks in metadata]: a table of nodes would have to be bounded, and a mark that was dropped reads
    like a graph that nobody used again. A node's ``metadata`` goes with the node.

    A node carries the latest call that kept it: if an earlier one kept it too, that one was found there by
    the latest, and so is known to have been used.
    """

    def __init__(self) -> None:
        self._here = thread_serials()
        self._made: deque[_Made] = deque(maxlen=_MADE)
        self._begun: dict[int, int] = {}  # the clock as a call that makes nodes began
        self._kept: dict[int, weakref.ref[_Kept]] = {}
        self._visits: dict[tuple[str, int], int] = {}
        self._following = 0

    def is_following(self) -> bool:
        """A call is to be looked at in full, since it may use what an earlier one kept."""
        if not self._following:
            return False
        self._following -= 1
        return True

    def follow(self, place: tuple[str, int], *, is_patient: Callable[[], bool]) -> bool:
        """A call from this place is about to keep its graph: whether to look at it and at those that come.

        Args:
            place: Path and line.
            is_patient: Whether to do so for longer, since what uses the graph may not have run yet.
        """
        visit = self._visits[place] = self._visits.get(place, 0) + 1
        if len(self._visits) > _SITES:
            self._visits = {}
        if visit > _FOLLOWED and (visit > _FOLLOWED_PATIENTLY or not is_patient()):
            return False
        self._following = _FOLLOWED_BY
        return True

    def reuses(self, nodes: Iterable[Node]) -> frozenset[int]:
        """Calls that kept some of these nodes, or that made them."""
        found: set[int] = set()
        thread = self._here.serial
        made = [each for each in list(self._made) if each.thread == thread and each.end > each.first]
        for node in nodes:
            metadata: Any = node.metadata
            kept: _Kept | None = metadata.get(_KEPT_BY)
            if kept is not None:
                found.add(kept.call)
            if made:
                number = node._sequence_nr()
                found.update(each.call for each in made if each.first <= number < each.end)
        return frozenset(found)

    def ran_before(self, nodes: Iterable[Node], roots: Roots) -> frozenset[int]:
        """Calls of which a root, the very output of the node, is used in the graph or is a root again."""
        marked = {node: calls for node in nodes if (calls := _mark_of(node))}
        if not marked:
            return frozenset()
        used: set[tuple[Node | None, int]] = {*zip(roots.nodes, roots.outputs, strict=True)}
        used.update(edge for node in nodes for edge in node.next_functions if edge[0] in marked)
        return frozenset(call for node, calls in marked.items() for nr, call in calls.items() if (node, nr) in used)

    def keeps(self, call: int, nodes: Iterable[Node]) -> None:
        """The call runs these nodes and leaves them as they are."""
        kept = _Kept(call)
        self._kept[call] = weakref.ref(kept)
        if len(self._kept) > _REMEMBERED:
            self._kept.pop(next(iter(list(self._kept))), None)
        for node in nodes:
            if type(node).__name__ != ACCUMULATES:  # belongs to its leaf, and to every graph of it
                metadata: Any = node.metadata
                metadata[_KEPT_BY] = kept

    def gone(self) -> frozenset[int]:
        """Calls that kept a graph of which nothing is left, each once."""
        if not self._kept:
            return frozenset()
        gone = [call for call, kept in list(self._kept.items()) if kept() is None]
        return frozenset(call for call in gone if self._kept.pop(call, None) is not None)

    def begins_at(self, call: int, roots: Roots) -> None:
        """The call accumulates from these roots."""
        for node, output in zip(roots.nodes, roots.outputs, strict=True):
            metadata: Any = node.metadata
            metadata[_ROOT_OF] = {**metadata.get(_ROOT_OF, {}), output: call}

    def will_make(self, call: int) -> None:
        """The call makes nodes as it runs."""
        clock = sequence_clock()
        if clock is not None:
            self._begun[call] = clock

    def has_ended(self, call: int) -> None:
        """It returned, or raised."""
        first, end = self._begun.pop(call, None), sequence_clock()
        if first is not None and end is not None:
            self._made.append(_Made(call, self._here.serial, first, end))


def _mark_of(node: Any) -> dict[int, int] | None:  # noqa: ANN401 (metadata is declared as a method, and is none)
    return node.metadata.get(_ROOT_OF)
