"""Numbers of tensors, read on the CPU within a budget: no copy kept, no mode or subclass of the user's called."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from ...wire.numbers import StatisticsColumns
from .guards import is_plain_on_cpu, undisturbed
from .numbers import AT_MOST_FIRST, Numbers, columns_of, modulus, numbers_of, numbers_of_values, sum_of

if TYPE_CHECKING:
    import torch

BYTE_BUDGET = 8 << 20
ROW_BUDGET = 8192
_CHUNK = 16384
_DIGITS = 9
_SQUARES = (1e-150, 1e150)  # between these a square is neither 0 nor infinite
_READ_WHOLE = 64  # elements up to which Python sums faster than five kernels start


class StatisticsTable:
    """Reads tensors into the rows of ``StatisticsColumns``.

    Bounded in bytes and rows over its life. What it may not or need not read has no row: anything
    but a plain strided CPU tensor, any tensor while functorch or a tracer would see the kernels.

    Attributes:
        left_out: Tensors that only a budget kept out.
    """

    def __init__(self, *, byte_budget: int = BYTE_BUDGET, row_budget: int = ROW_BUDGET) -> None:
        self.left_out = 0
        self._bytes = byte_budget
        self._room = row_budget
        self._rows: list[Numbers] = []

    def add(self, tensor: torch.Tensor) -> int:
        """The row that now holds the tensor's numbers; -1 when they were not read."""
        with undisturbed():
            if not is_plain_on_cpu(tensor):
                return -1
            base = sys.modules["torch"]._C.TensorBase  # a subclass may have a numel() of its own
            size_bytes = base.numel(tensor) * base.element_size(tensor)
            if size_bytes > self._bytes or not self._room:
                self.left_out += 1
                return -1
            self._bytes -= size_bytes
            self._room -= 1
            self._rows.append(_read(base.as_subclass(tensor, sys.modules["torch"].Tensor)))
        return len(self._rows) - 1

    def columns(self) -> StatisticsColumns:
        """All rows so far."""
        return columns_of(self._rows)


def _read(tensor: torch.Tensor) -> Numbers:
    if tensor.numel() <= _READ_WHOLE:
        return numbers_of_values([modulus(value) for value in tensor.reshape(-1).tolist()], digits=_DIGITS)
    return _of_kernels(tensor)


def _of_kernels(tensor: torch.Tensor) -> Numbers:
    """As ``numbers_of_values``, by kernels below autograd: no node, no sequence number, no view tracking.

    NOTE [small chunks]: a kernel over few elements stays on this thread. Longer ones wake the
    program's own pool of threads, which costs milliseconds on a busy machine and hangs in some
    forked children; and chunks need no second copy of a large tensor.
    """
    torch = sys.modules["torch"]
    flat = _in_memory_order(tensor)
    first = _first_values(tensor)
    totals: list[float] = []
    norms: list[float] = []
    edges: list[float] = []
    nan = inf = 0
    for start in range(0, flat.numel(), _CHUNK):
        chunk = flat[start : start + _CHUNK]
        values = (chunk.abs() if chunk.is_complex() else chunk).to(torch.float64)
        total = values.sum().item()
        if not math.isfinite(total):  # an element is not finite, or the sum overflows: leave those out
            nan += int(values.isnan().sum().item())
            inf += int(values.isinf().sum().item())
            values = values[values.isfinite()]
            total = values.sum().item()
        if values.numel():
            totals.append(total)
            low, high = (edge.item() for edge in torch.aminmax(values))
            edges += [low, high]
            norms.append(_norm(values, max(abs(low), abs(high))))
    return numbers_of(
        count=flat.numel(),
        nan=nan,
        inf=inf,
        norm=math.hypot(*norms),
        extremes=(min(edges), max(edges)) if edges else None,
        total=sum_of(totals),
        first=first,
        digits=_DIGITS,
    )


def _norm(values: torch.Tensor, largest: float) -> float:
    """Euclidean norm, also where the squares leave float64's range."""
    if _SQUARES[0] < largest < _SQUARES[1] or not largest:
        return sys.modules["torch"].linalg.vector_norm(values).item()
    return sys.modules["torch"].linalg.vector_norm(values / largest).item() * largest


def _in_memory_order(tensor: torch.Tensor) -> torch.Tensor:
    """All elements in one dimension; a view where the memory has no gaps (a transposed weight too)."""
    strides = tensor.stride()
    order = sorted(range(tensor.dim()), key=lambda dim: strides[dim], reverse=True)
    return tensor.permute(order).reshape(-1)


def _first_values(tensor: torch.Tensor) -> list[float]:
    """The first elements in row-major order, without flattening the whole."""
    head = tensor
    while head.dim() > 1 and head[0].numel() >= AT_MOST_FIRST:
        head = head[0]
    rows = head[:AT_MOST_FIRST].reshape(-1)[:AT_MOST_FIRST]
    return [modulus(value) for value in rows.tolist()]
