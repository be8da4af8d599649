"""What is known of each gradient on its way: looks at it, who changed it, who made it not finite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from .measuring import Look, Meter
from .nonfinite import A_HOOK, Culprit, all_finite
from .records import Arrival, Edge, Flow, Hooked, Where

if TYPE_CHECKING:
    import torch

_NOTHING = -1


class _Coming(NamedTuple):
    """What is on its way to an output of a node's.

    Attributes:
        parts: How many gradients went there.
        finite: All of them were.
        look: The last look at what the engine holds; None where it has summed since.
    """

    parts: int
    finite: bool | None
    look: Look | None


class Ledger:
    """Filled by hooks as the backward runs, in the order in which they run.

    Attributes:
        nonfinite: The first that made a gradient not finite; None as long as there is none.
        unread: Keys of nodes at which it could not be told whether a gradient was finite.
        is_whole: Every edge of the graph is watched, so that a change unseen is a hook's.
    """

    def __init__(self, roots: frozenset[int]) -> None:
        self.meter = Meter()
        self.edges: list[Flow] = []
        self.arrivals: list[Arrival] = []
        self.hooked: list[Hooked] = []
        self.nonfinite: Culprit | None = None
        self.unread: set[int] = set()
        self.is_whole = True
        self._roots = roots
        self._coming: dict[tuple[int, int], _Coming] = {}
        self._given: dict[int, list[Look]] = {}

    def meet(self, key: int, output_nr: int, gradient: torch.Tensor) -> Look:
        """Look at what has come to an output of a node's: whole, before or between or after hooks."""
        coming = self._coming.get((key, output_nr))
        look = self.meter.look(gradient, () if coming is None or coming.look is None else (coming.look,))
        if coming is None:
            if key in self._roots and look.finite is False:
                self._blame(0, _NOTHING, look, "")
        elif key not in self._roots and self.is_whole:
            self._compare(key, output_nr, coming, look)
        self._coming[key, output_nr] = _Coming(1, look.finite, look)
        return look

    def _compare(self, key: int, output_nr: int, coming: _Coming, look: Look) -> None:
        if coming.look is None:  # finite parts can have an infinite sum, and never a NaN in it
            self.judge(key, _NOTHING, coming.finite, look, A_HOOK if self.meter.odd(look)[0] else "")
        elif look is not coming.look:
            self.judge(key, _NOTHING, coming.finite, look, A_HOOK)
            if self.meter.same_numbers(coming.look, look) is False:
                self.hooked.append(Hooked(key, output_nr, "tensor", coming.look.row, look.row, 1))

    def replaced(self, key: int, output_nr: int, look: Look) -> None:
        """A hook of the user's left this."""
        self._coming[key, output_nr] = _Coming(1, look.finite, look)

    def arrive(self, key: int, output_nr: int, gradient: torch.Tensor) -> None:
        """The node is given this now."""
        look = self.meet(key, output_nr, gradient)
        self._coming.pop((key, output_nr), None)
        self.arrivals.append(Arrival(key, output_nr, look.shape, look.row))
        self._given.setdefault(key, []).append(look)
        if look.finite is None:
            self.unread.add(key)

    def given(self, key: int) -> tuple[Look, ...]:
        """What the node was given; asked once."""
        return tuple(self._given.pop(key, ()))

    def depart(self, edge: Edge, look: Look) -> None:
        """The node has sent this."""
        self.edges.append(Flow(*edge, look.shape, look.row))
        way = edge.target, edge.input_nr
        coming = self._coming.get(way)
        if coming is None:
            self._coming[way] = _Coming(1, look.finite, look)
        else:
            self._coming[way] = _Coming(coming.parts + 1, all_finite([coming.finite, look.finite]), None)

    def judge(self, key: int, position: int, before: bool | None, after: Look, hook: str = "") -> None:  # noqa: FBT001 (three-valued)
        """Finite gradients or others went in at a node, and this came out."""
        if before is None or after.finite is None:
            self.unread.add(key)
        elif before and not after.finite:
            self._blame(key, position, after, hook)

    def _blame(self, key: int, position: int, look: Look, hook: str) -> None:
        if self.nonfinite is None:
            self.nonfinite = Culprit(key, position, *self.meter.odd(look), hook)

    def passed_hooks(self, key: int, where: Where, before: dict[int, Look], after: dict[int, Look | None]) -> None:
        """All hooks of one table have seen these."""
        for output_nr, first in before.items():
            last = after.get(output_nr)
            row = _NOTHING if last is None else last.row
            self.hooked.append(Hooked(key, output_nr, where, first.row, row, self._changed(first, last)))

    def _changed(self, before: Look, after: Look | None) -> int:
        same = False if after is None else self.meter.same_numbers(before, after)
        return -1 if same is None else int(not same)


def finite(looks: Iterable[Look]) -> bool | None:
    """Whether all that was looked at is finite."""
    return all_finite([look.finite for look in looks])
