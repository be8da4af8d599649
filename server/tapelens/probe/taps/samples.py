"""A few values of a tensor, read where they lie: no kernel runs and nobody is called."""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
from typing import TYPE_CHECKING, Any

from ...events import Sample
from ..capture.guards import is_plain_on_cpu, someone_listens, undisturbed

if TYPE_CHECKING:
    import torch

COUNT = 8
_SEARCHED_BYTES = 1 << 16


def sample(tensor: torch.Tensor) -> Sample:
    """Up to eight values, always at the same places; empty when they may not be read.

    Call it ``undisturbed``.
    """
    raw = _memory(tensor, _places(tensor))
    return () if raw is None else _decode(raw, tensor.dtype)


def sample_gradient(tensor: torch.Tensor, *, synchronize: bool = False) -> Sample | None:
    """As ``sample``, but of values that are not all zero; None when it is zero as far as was looked.

    A gradient that is zero at most places (an embedding's) is searched for its first value that is
    not. Call it ``undisturbed``.

    Args:
        tensor: A gradient.
        synchronize: Values on an accelerator may be read too, which waits for its stream.
    """
    inner = getattr(tensor, "_local_tensor", tensor)  # a DTensor's own part
    if synchronize and not inner.is_cpu:
        values = sample_by_kernel(inner)
    else:
        places = _places(inner)
        raw = _memory(inner, places)
        if raw is None:
            return ()
        values = _decode(raw, inner.dtype)
        if not any(values):
            values = _decode(_after_zeros(inner), inner.dtype)
    if values and not any(values):
        return None
    return values or ()


def sample_by_kernel(tensor: torch.Tensor) -> Sample:
    """Up to eight values by one strided view, copied to the host; empty for what has no plain memory."""
    torch = sys.modules["torch"]
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.layout is torch.strided
    if not plain or someone_listens() or not tensor.numel() or not tensor.is_contiguous():
        return ()
    count = tensor.numel()
    step = max(1, count // COUNT)
    view = tensor.detach().as_strided((min(COUNT, count),), (step,), tensor.storage_offset())
    return tuple(float(abs(value)) for value in view.tolist())


def number(value: object) -> float | None:
    """A plain number, or the one value of a tensor that may be read; None for anything else."""
    if isinstance(value, (int, float)):
        return float(value)
    torch: Any = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        tensor: Any = value
        with undisturbed():
            values = sample(tensor)
        return values[0] if len(values) == 1 else None
    return None


def version_of(tensor: torch.Tensor) -> int:
    """The version counter; -1 where there is none."""
    try:
        return tensor._version
    except RuntimeError:  # an inference tensor
        return -1


def _memory(tensor: torch.Tensor, places: tuple[int, ...]) -> bytes | None:
    """The elements' bytes, or None."""
    if tensor.dtype not in _formats() or not is_plain_on_cpu(tensor):
        return None
    start, size = tensor.data_ptr(), tensor.element_size()
    if not start:
        return None
    if len(places) == tensor.numel():  # all of them, one after the other
        return ctypes.string_at(start, size * len(places))
    return b"".join(ctypes.string_at(start + place * size, size) for place in places)


def _after_zeros(tensor: torch.Tensor) -> bytes:
    """The first elements that are not zero; else one zero. For plain memory that ``_memory`` has read."""
    size = tensor.element_size()
    nothing = bytes(size)
    if not _is_dense(tensor):
        return nothing
    memory = ctypes.string_at(tensor.data_ptr(), min(_SEARCHED_BYTES, tensor.numel() * size))
    zeros = (len(memory) - len(memory.lstrip(b"\0"))) // size * size
    return memory[zeros : zeros + size * COUNT] or nothing


def _places(tensor: torch.Tensor) -> tuple[int, ...]:
    """Which elements are read, counted from the first in memory."""
    strided = tensor.layout is sys.modules["torch"].strided
    count = tensor.numel() if tensor.is_cpu and strided and not tensor.is_nested else 0
    if not count:
        return ()
    if tensor.is_contiguous() or _is_dense(tensor):
        return _spread(count)
    return (0, _last(tensor))


@functools.lru_cache(maxsize=1024)
def _spread(count: int) -> tuple[int, ...]:
    if count <= COUNT:
        return tuple(range(count))
    return tuple(index * (count - 1) // (COUNT - 1) for index in range(COUNT))


def _is_dense(tensor: torch.Tensor) -> bool:
    return _last(tensor) + 1 == tensor.numel()


def _last(tensor: torch.Tensor) -> int:
    """How far the last element lies behind the first."""
    return sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))


def _decode(raw: bytes, dtype: torch.dtype) -> Sample:
    kind = _formats()[dtype]
    if kind == "bfloat16":  # the upper half of a float32
        raw = b"".join(
            _ZEROS + raw[at : at + 2] if sys.byteorder == "little" else raw[at : at + 2] + _ZEROS
            for at in range(0, len(raw), 2)
        )
        kind = "f"
    return struct.unpack(f"={len(raw) // struct.calcsize(kind)}{kind}", raw)


_ZEROS = b"\0\0"


@functools.cache
def _formats() -> dict[torch.dtype, str]:
    torch = sys.modules["torch"]
    return {
        torch.float32: "f",
        torch.float64: "d",
        torch.float16: "e",
        torch.bfloat16: "bfloat16",
        torch.complex64: "f",
        torch.complex128: "d",
    }
