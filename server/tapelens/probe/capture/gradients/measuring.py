"""Numbers of a gradient that flows by, in as few kernels as tell them, and no more than the backward can bear."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ....wire.numbers import Number, StatisticsColumns
from ..guards import is_plain_on_cpu
from ..reading import shape_of
from ..statistics import number
from ..tables import Shapes

if TYPE_CHECKING:
    import torch

_DIGITS = 6
_EXACT = 16  # elements up to which Python reads each
_LISTED = 64  # elements of a gradient whose first ones are listed
_FIRST = 16
_CHUNK = 32_704  # fewer than those at which a kernel wakes the program's pool of threads (statistics.py, small chunks)
_SQUARES = {4: (1e-15, 1e18), 8: (1e-150, 1e150)}  # by bytes of an element: between these a square is a number
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


class _Row(NamedTuple):
    """One gradient's numbers, in the order of the columns."""

    elements: int
    norm: Number
    minimum: Number
    maximum: Number
    mean: Number
    nan: int
    inf: int
    first: tuple[Number, ...]


class Meter:
    """Looks at gradients, and holds none.

    NOTE [what a look costs]: the sum is one kernel, a fifth of all numbers' cost, and tells whether
    every element is finite and whether this is what was seen a step before. All numbers are read
    until our time reaches 50 ms and three tenths of the backward's, sums until a little more.

    Call all methods ``undisturbed``.
    """

    def __init__(self) -> None:
        self.shapes = Shapes()
        self._rows: list[_Row] = []
        self._began = time.perf_counter_ns()
        self._spent = 0
        self._counted = False

    def spend(self, nanoseconds: int) -> None:
        """So much of the backward's time was ours."""
        self._spent += nanoseconds

    def look(self, gradient: torch.Tensor, likes: Iterable[Look] = ()) -> Look:
        """Look at a gradient; one of ``likes`` itself is given back when it still is what that saw."""
        shape = self.shapes.row(shape_of(gradient))
        stamp = _stamp(gradient)
        elements = _readable(gradient)
        if elements is None or not self._within(_FINITE_ALLOWANCE_NS, _FINITE_SHARE):
            return Look(shape, -1, None if elements is not None else _finite_elsewhere(gradient), stamp, math.nan)
        flat, repeats = elements
        totals = [_total(chunk) for chunk in _chunks(flat)]
        total = math.fsum(totals) if all(map(math.isfinite, totals)) else math.nan
        for like in likes if stamp is not None else ():
            if (like.stamp, like.total, like.shape) == (stamp, total, shape):
                return like
        finite = not math.isnan(total) or _is_finite(flat)
        row = -1
        if self._within(_ALLOWANCE_NS, _SHARE) or not (finite or self._counted):
            self._counted = self._counted or not finite  # the first that is not: its NaN are to be counted
            row = len(self._rows)
            self._rows.append(_measure(gradient, flat, repeats, totals))
        return Look(shape, row, finite, stamp, total)

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
        count, norm, minimum, maximum, mean, nan, inf, first = (
            zip(*self._rows, strict=True) if self._rows else ((),) * len(_Row._fields)
        )
        return StatisticsColumns(
            count=count, norm=norm, minimum=minimum, maximum=maximum, mean=mean, nan=nan, inf=inf, first=first
        )

    def _within(self, allowance_ns: int, share: float) -> bool:
        return self._spent < allowance_ns + share * (time.perf_counter_ns() - self._began)


def _stamp(gradient: torch.Tensor) -> tuple[int, int] | None:
    base = sys.modules["torch"]._C.TensorBase
    try:
        return base._cdata.__get__(gradient), base._version.__get__(gradient)
    except (AttributeError, RuntimeError, ValueError):  # made in inference mode, or without a shape yet
        return None


def _readable(gradient: torch.Tensor) -> tuple[torch.Tensor, int] | None:
    """All different elements in one dimension, and how often each is there; None when kernels may not read them."""
    torch = sys.modules["torch"]
    base = torch._C.TensorBase
    if torch._C.TensorBase.is_conj(gradient):
        gradient = torch._conj(gradient)  # the same moduli
    if not is_plain_on_cpu(gradient):
        return None
    if type(gradient) is not torch.Tensor:
        gradient = base.as_subclass(gradient, torch.Tensor)
    if gradient.is_contiguous():
        return gradient.view(-1), 1
    repeats = 1
    for dimension in range(gradient.dim() - 1, -1, -1):
        size = gradient.shape[dimension]
        if size > 1 and gradient.stride(dimension) == 0:  # broadcast, as the gradient of every sum is
            gradient = gradient.select(dimension, 0)
            repeats *= size
    strides = gradient.stride()
    order = sorted(range(gradient.dim()), key=strides.__getitem__, reverse=True)
    return gradient.permute(order).reshape(-1), repeats


def _finite_elsewhere(gradient: torch.Tensor) -> bool | None:
    """Whether a sparse gradient's values are finite."""
    torch = sys.modules["torch"]
    base = torch._C.TensorBase
    if type(gradient) is not torch.Tensor or base.layout.__get__(gradient) is not torch.sparse_coo:
        return None
    elements = _readable(base._values(gradient))
    return None if elements is None else _is_finite(elements[0])


def _chunks(flat: torch.Tensor) -> list[torch.Tensor]:
    count = flat.numel()
    if count <= _CHUNK:
        return [flat]
    return [flat[start : start + _CHUNK] for start in range(0, count, _CHUNK)]


def _values(chunk: torch.Tensor) -> torch.Tensor:
    """As floats of 4 or 8 bytes; moduli of complex ones."""
    torch = sys.modules["torch"]
    if chunk.dtype in (torch.float32, torch.float64):
        return chunk
    if chunk.is_complex():
        return chunk.abs()
    return chunk.to(torch.float32 if chunk.is_floating_point() else torch.float64)


def _total(chunk: torch.Tensor) -> float:
    return _values(chunk).sum().item()


def _is_finite(flat: torch.Tensor) -> bool:
    """Element by element, where the sum may have left the range."""
    return all(_values(chunk).isfinite().all().item() for chunk in _chunks(flat))


def _measure(gradient: torch.Tensor, flat: torch.Tensor, repeats: int, totals: list[float]) -> _Row:
    count = flat.numel() * repeats
    if count <= _EXACT:
        return _of_values([_modulus(value) for value in gradient.reshape(-1).tolist()])
    first: tuple[Number, ...] = ()
    if count <= _LISTED:
        first = tuple(_worded(value) for value in gradient.reshape(-1)[:_FIRST].tolist())
    parts = [_of_chunk(_values(chunk), total) for chunk, total in zip(_chunks(flat), totals, strict=True)]
    nan = sum(part.nan for part in parts) * repeats
    inf = sum(part.inf for part in parts) * repeats
    finite = count - nan - inf
    lows = [part.low for part in parts if not math.isnan(part.low)]
    highs = [part.high for part in parts if not math.isnan(part.high)]
    return _Row(
        elements=count,
        norm=number(math.hypot(*(part.norm for part in parts)) * math.sqrt(repeats), _DIGITS),
        minimum=number(min(lows, default=math.nan), _DIGITS),
        maximum=number(max(highs, default=math.nan), _DIGITS),
        mean=number(math.fsum(part.total for part in parts) * repeats / finite if finite else math.nan, _DIGITS),
        nan=nan,
        inf=inf,
        first=first,
    )


class _Part(NamedTuple):
    """A chunk's finite elements in numbers, and how many others it has."""

    total: float
    norm: float
    low: float
    high: float
    nan: int
    inf: int


def _of_chunk(values: torch.Tensor, total: float) -> _Part:
    torch = sys.modules["torch"]
    nan = inf = 0
    if not math.isfinite(total):
        values = values.to(torch.float64)
        nan, inf = int(values.isnan().sum().item()), int(values.isinf().sum().item())
        values = values[values.isfinite()]
        total = values.sum().item()
    if not values.numel():
        return _Part(0.0, 0.0, math.nan, math.nan, nan, inf)
    low, high = (edge.item() for edge in torch.aminmax(values))
    return _Part(total, _norm(values, max(abs(low), abs(high))), low, high, nan, inf)


def _norm(values: torch.Tensor, largest: float) -> float:
    """Euclidean norm. ``sum`` adds in pairs, which keeps six digits where ``vector_norm`` does not."""
    least, most = _SQUARES[values.element_size()]
    if not largest:
        return 0.0
    if least < largest < most:
        return math.sqrt(values.square().sum().item())
    scaled = values.to(sys.modules["torch"].float64) / largest
    return math.sqrt(scaled.square().sum().item()) * largest


def _modulus(value: complex) -> float:
    return abs(value) if isinstance(value, complex) else float(value)


def _worded(value: complex) -> Number:
    return number(_modulus(value), _DIGITS)


def _of_values(values: list[float]) -> _Row:
    finite = [value for value in values if math.isfinite(value)]
    nan = sum(map(math.isnan, values))
    return _Row(
        elements=len(values),
        norm=number(math.hypot(*finite), _DIGITS),
        minimum=number(min(finite, default=math.nan), _DIGITS),
        maximum=number(max(finite, default=math.nan), _DIGITS),
        mean=number(math.fsum(finite) / len(finite) if finite else math.nan, _DIGITS),
        nan=nan,
        inf=len(values) - len(finite) - nan,
        first=tuple(number(value, _DIGITS) for value in values),
    )
