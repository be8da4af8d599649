"""Looks at gradients that flow by: what is read, and no more of it than the backward can bear."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ....wire.numbers import StatisticsColumns
from ..guards import is_plain_kind, someone_listens
from ..numbers import Numbers, columns_of
from ..reading import shape_of
from ..tables import Shapes
from .kernels import elements_of, finite_elsewhere, has_memory, is_finite, measure, total_of

if TYPE_CHECKING:
    import torch

_ALLOWANCE_NS = 50_000_000
_SHARE = 0.3
_FINITE_ALLOWANCE_NS = 80_000_000
_FINITE_SHARE = 0.4


class Look(NamedTuple):
    """A gradient as it was at one moment.

    Attributes:
        shape: Shape row.
        row: Statistics row, -1 when its values were not read.
        finite: All elements are; None when that was not read either.
        stamp: Object and version, None when it has no such; with the sum, what tells it from another.
        total: Sum of the elements, NaN when it was not read.
    """

    shape: int
    row: int
    finite: bool | None
    stamp: tuple[int, int] | None
    total: float


class Meter:
    """Looks at gradients, and holds none.

    NOTE [what a look costs]: the sum is one kernel, an eighth of all numbers' cost, and tells whether
    every element is finite and whether this is what was seen a step before. All numbers are read
    until our time reaches 50 ms and three tenths of the backward's, sums until a little more.

    Call all methods ``undisturbed``.
    """

    def __init__(self) -> None:
        self.shapes = Shapes()
        self._rows: list[Numbers] = []
        self._began = time.perf_counter_ns()
        self._spent = 0
        self._counted = False
        self._is_heard = someone_listens()
        self._plain: set[int] = set()  # dispatch keys of tensors that kernels could read

    def spend(self, nanoseconds: int) -> None:
        """So much of the backward's time was ours."""
        self._spent += nanoseconds

    def look(self, gradient: torch.Tensor, likes: Iterable[Look] = ()) -> Look:
        """Look at a gradient; one of ``likes`` itself is given back when it still is what that saw."""
        stamp = _stamp(gradient)
        for like in likes:
            if like.stamp == stamp and stamp is not None and self._is_still(gradient, like):
                return like
        elements = None if self._is_heard else self._elements(gradient)
        elapsed = time.perf_counter_ns() - self._began
        if elements is None or self._spent > _FINITE_ALLOWANCE_NS + _FINITE_SHARE * elapsed:
            shape = self.shapes.row(shape_of(gradient))
            return Look(shape, -1, self._finite_unread(gradient, elements), stamp, math.nan)
        plain = type(gradient) is sys.modules["torch"].Tensor
        shape = self.shapes.row(tuple(gradient.shape) if plain else shape_of(gradient))
        flat, repeats = elements
        total = total_of(flat)
        finite = math.isfinite(total) or is_finite(flat)
        row = -1
        if self._spent <= _ALLOWANCE_NS + _SHARE * elapsed or not (finite or self._counted):
            self._counted = self._counted or not finite  # the first that is not: its NaN are to be counted
            row = len(self._rows)
            self._rows.append(measure(gradient, flat, repeats, total))
        return Look(shape, row, finite, stamp, total)

    def look_at_grad(self, gradient: torch.Tensor, arrived: Look | None) -> Look:
        """Look at a leaf's ``.grad``; ``arrived`` is what it was made of, if of nothing else.

        PyTorch makes it a tensor of its own over the memory that arrived: as long as nobody has
        written there, and the sum agrees, the numbers are the same.
        """
        stamp = _stamp(gradient)
        if arrived is None or stamp is None or arrived.stamp is None or stamp[1] or math.isnan(arrived.total):
            return self.look(gradient)
        return self.look(gradient, (arrived._replace(stamp=stamp),))

    def same_numbers(self, one: Look, other: Look) -> bool | None:
        """Whether two looks saw the same numbers; None where that cannot be told."""
        if one is other:
            return True
        if one.shape != other.shape or (one.finite, other.finite) in {(True, False), (False, True)}:
            return False
        if one.row < 0 or other.row < 0:
            return None
        before, after = self._rows[one.row], self._rows[other.row]
        if before != after:
            return False
        return True if len(before.first) == before.elements else None

    def odd(self, look: Look) -> tuple[int, int]:
        """Elements that are NaN and that are infinite."""
        return (self._rows[look.row].nan, self._rows[look.row].inf) if look.row >= 0 else (0, 0)

    def columns(self) -> StatisticsColumns:
        """All rows so far."""
        return columns_of(self._rows)

    def _is_still(self, gradient: torch.Tensor, like: Look) -> bool:
        """Whether an object of the same address and version is the one that was seen, by its sum."""
        if math.isnan(like.total) or type(gradient) is not sys.modules["torch"].Tensor:
            return False
        if _kind(gradient) not in self._plain:
            return False
        if self.shapes.row(tuple(gradient.shape)) != like.shape:
            return False
        elements = self._elements(gradient)
        return elements is not None and total_of(elements[0]) == like.total

    def _elements(self, gradient: torch.Tensor) -> tuple[torch.Tensor, int] | None:
        """As ``elements_of``; in a quarter of its time for tensors of a kind that was readable before."""
        torch = sys.modules["torch"]
        if type(gradient) is not torch.Tensor:
            return elements_of(gradient)
        kind = _kind(gradient)
        if kind not in self._plain:
            if kind is not None and is_plain_kind(gradient):
                self._plain.add(kind)
            return elements_of(gradient)
        if not gradient.is_contiguous() or torch._C._is_cow_tensor(gradient):
            return elements_of(gradient)
        return (gradient.view(-1), 1) if has_memory(gradient) else None

    def _finite_unread(self, gradient: torch.Tensor, elements: object) -> bool | None:
        """Whether a gradient without numbers is finite; None also where only our time ran out."""
        return finite_elsewhere(gradient) if elements is None and not self._is_heard else None


def _kind(gradient: torch.Tensor) -> int | None:
    """Its dispatch keys as a number; None where torch (2.4) does not tell it."""
    keys = sys.modules["torch"]._C._dispatch_keys(gradient)
    return keys.raw_repr() if hasattr(keys, "raw_repr") else None


def _stamp(gradient: torch.Tensor) -> tuple[int, int] | None:
    base = sys.modules["torch"]._C.TensorBase
    try:
        return base._cdata.__get__(gradient), base._version.__get__(gradient)
    except (AttributeError, RuntimeError, ValueError):  # made in inference mode, or without a shape yet
        return None
