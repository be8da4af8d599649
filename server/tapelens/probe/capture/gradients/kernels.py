"""Numbers of one gradient, to six digits, in as few kernels as tell them.

NOTE [whole kernels]: the engine has just run kernels over as many elements on this thread, on the
program's pool of threads where there are enough of them. So may ours, other than at a stop
(statistics.py, small chunks).
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from ..guards import answers_itself, is_plain_kind
from ..numbers import AT_MOST_FIRST, Numbers, modulus, numbers_of, numbers_of_values, sum_of

if TYPE_CHECKING:
    import torch

_DIGITS = 6
_EXACT = 16  # elements up to which Python reads each
_LISTED = 64  # elements of a gradient whose first ones are listed
_CHUNK = 1 << 18  # bounds the memory of a copy
_TOGETHER = 1 << 13  # elements up to which one kernel finds both extremes faster than two
_ADDED = 2048  # squares that float32 adds one after the other without losing the sixth digit
_SQUARES = {4: (1e-15, 1e18), 8: (1e-150, 1e150)}  # by bytes of an element: between these a square is a number


class _Part(NamedTuple):
    """A chunk's finite elements in numbers, and how many others it has."""

    total: float
    norm: float
    low: float
    high: float
    nan: int = 0
    inf: int = 0


def elements_of(gradient: torch.Tensor) -> tuple[torch.Tensor, int] | None:
    """All different elements in one dimension, and how often each is there; None when kernels may not read them."""
    torch = sys.modules["torch"]
    base = torch._C.TensorBase
    if answers_itself(type(gradient)):
        return None
    if base.is_conj(gradient):
        gradient = torch._conj(gradient)  # the same moduli
    if not is_plain_kind(gradient) or not has_memory(gradient):
        return None
    if type(gradient) is not torch.Tensor:
        gradient = base.as_subclass(gradient, torch.Tensor)
    repeats = 1
    for dimension in range(gradient.dim() - 1, -1, -1):
        size = gradient.shape[dimension]
        if size > 1 and gradient.stride(dimension) == 0:  # broadcast, as the gradient of every sum is
            gradient = gradient.select(dimension, 0)
            repeats *= size
    strides = gradient.stride()
    order = sorted(range(gradient.dim()), key=strides.__getitem__, reverse=True)
    return gradient.permute(order).reshape(-1), repeats


def has_memory(gradient: torch.Tensor) -> bool:
    """Whether a plain gradient's memory was not given back.

    NOTE [no storage objects]: asking for a gradient's storage makes a Python object of it, a second
    user: the engine would then add up in new memory what it adds in place without us.
    """
    base = sys.modules["torch"]._C.TensorBase
    return bool(base.data_ptr(gradient)) or not base.numel(gradient)


def finite_elsewhere(gradient: torch.Tensor) -> bool | None:
    """Whether a sparse gradient's values are finite; None for what cannot be read."""
    torch = sys.modules["torch"]
    base = torch._C.TensorBase
    if type(gradient) is not torch.Tensor or base.layout.__get__(gradient) is not torch.sparse_coo:
        return None
    elements = elements_of(base._values(gradient))
    return None if elements is None else is_finite(elements[0])


def total_of(flat: torch.Tensor) -> float:
    """Sum of all elements; NaN unless that of every chunk is finite."""
    if flat.numel() <= _CHUNK:
        total = _values(flat).sum().item()
        return total if math.isfinite(total) else math.nan
    totals = [_values(chunk).sum().item() for chunk in _chunks(flat)]
    total = sum_of(totals) if all(map(math.isfinite, totals)) else math.nan
    return total if math.isfinite(total) else math.nan


def is_finite(flat: torch.Tensor) -> bool:
    """Element by element, where the sum may have left the range."""
    return all(_values(chunk).isfinite().all().item() for chunk in _chunks(flat))


def measure(gradient: torch.Tensor, flat: torch.Tensor, repeats: int, total: float) -> Numbers:
    """All numbers of a gradient whose different elements are ``flat`` with the sum ``total``."""
    count = flat.numel() * repeats
    if count <= _EXACT:
        return numbers_of_values([modulus(value) for value in gradient.reshape(-1).tolist()], digits=_DIGITS)
    if flat.numel() <= _CHUNK:
        whole = _of_chunk(_values(flat), total)
    else:
        whole = _together([_of_chunk(values, values.sum().item()) for values in map(_values, _chunks(flat))])
    return numbers_of(
        count=count,
        nan=whole.nan * repeats,
        inf=whole.inf * repeats,
        norm=whole.norm * math.sqrt(repeats),
        extremes=(whole.low, whole.high),
        total=whole.total * repeats,
        first=_first(gradient) if count <= _LISTED else (),
        digits=_DIGITS,
    )


def _of_chunk(values: torch.Tensor, total: float) -> _Part:
    if math.isfinite(total):
        return _of_finite(values, total)
    values = values.to(sys.modules["torch"].float64)
    nan, inf = int(values.isnan().sum().item()), int(values.isinf().sum().item())
    values = values[values.isfinite()]
    if not values.numel():
        return _Part(0.0, 0.0, math.nan, math.nan, nan, inf)
    return _of_finite(values, values.sum().item())._replace(nan=nan, inf=inf)


def _of_finite(values: torch.Tensor, total: float) -> _Part:
    if values.numel() <= _TOGETHER:
        low, high = (edge.item() for edge in sys.modules["torch"].aminmax(values))
    else:
        low, high = values.amin().item(), values.amax().item()
    return _Part(total, _norm(values, max(-low, high)), low, high)


def _together(parts: list[_Part]) -> _Part:
    return _Part(
        total=sum_of(part.total for part in parts),
        norm=math.hypot(*(part.norm for part in parts)),
        low=min((part.low for part in parts if not math.isnan(part.low)), default=math.nan),
        high=max((part.high for part in parts if not math.isnan(part.high)), default=math.nan),
        nan=sum(part.nan for part in parts),
        inf=sum(part.inf for part in parts),
    )


def _norm(values: torch.Tensor, largest: float) -> float:
    """Euclidean norm: of rows first, which are short enough."""
    torch = sys.modules["torch"]
    least, most = _SQUARES[values.element_size()]
    if not largest:
        return 0.0
    if not least < largest < most:
        return _norm(values.to(torch.float64) / largest, 1.0) * largest
    count = values.numel()
    if count <= _ADDED:
        return torch.linalg.vector_norm(values).item()
    whole = count - count % _ADDED
    rows = torch.linalg.vector_norm((values if whole == count else values[:whole]).view(-1, _ADDED), dim=1)
    norm = torch.linalg.vector_norm(rows).item()
    return norm if whole == count else math.hypot(norm, torch.linalg.vector_norm(values[whole:]).item())


def _chunks(flat: torch.Tensor) -> list[torch.Tensor]:
    return [flat[start : start + _CHUNK] for start in range(0, flat.numel(), _CHUNK)]


def _values(chunk: torch.Tensor) -> torch.Tensor:
    """As floats of 4 or 8 bytes; moduli of complex ones."""
    torch = sys.modules["torch"]
    if chunk.dtype is torch.float32 or chunk.dtype is torch.float64:
        return chunk
    if chunk.is_complex():
        return chunk.abs()
    return chunk.to(torch.float32 if chunk.is_floating_point() else torch.float64)


def _first(gradient: torch.Tensor) -> list[float]:
    return [modulus(value) for value in gradient.reshape(-1)[:AT_MOST_FIRST].tolist()]
