"""Numbers of a tensor as a debugger shows them: the few of a small one at once, others when opened."""

from __future__ import annotations

import sys
from math import prod
from typing import TYPE_CHECKING, Any

from ..capture.guards import is_plain_on_cpu, undisturbed, why_unread
from ..capture.reading import Reading
from .entries import Child, Group, Note

if TYPE_CHECKING:
    import torch

_FEW = 4
_ROWS = 100  # entries of one dimension that are listed
_PREVIEWED = 8


def few_values(reading: Reading) -> str:
    """The values of a tensor of at most four elements, else nothing. Call it ``undisturbed``."""
    shape = reading.shape
    if shape is None or prod(shape) > _FEW or not prod(shape) or not is_plain_on_cpu(reading.tensor):
        return ""
    values = _plain(reading.tensor).tolist()
    return _text(values)


def values_group(tensor: torch.Tensor) -> Group | Note:
    """All values, read where they are opened and no further."""
    with undisturbed():
        if (why := why_unread(tensor)) is not None:
            return Note(f"not read: {why}")
        if not tensor.dim():
            return Note(_text(_plain(tensor).item()))
        return Group(_preview(_plain(tensor)), lambda: _rows(tensor, ()))


def _rows(tensor: torch.Tensor, place: tuple[int, ...]) -> list[Child]:
    """The entries at a place, by index; a row of a matrix opens further."""
    with undisturbed():
        if (why := why_unread(tensor)) is not None:  # it may have been resized since
            return [Child("not read", Note(why))]
        here = _plain(tensor)
        for index in place:
            here = here[index]
        length = here.shape[0]
        if here.dim() == 1:
            found = [Child(f"[{row}]", Note(_text(value))) for row, value in enumerate(here[:_ROWS].tolist())]
        else:
            found = [
                Child(f"[{row}]", Group(_preview(here[row]), lambda row=row: _rows(tensor, (*place, row))))
                for row in range(min(length, _ROWS))
            ]
    if length > _ROWS:
        found.append(Child("…", Note(f"{length - _ROWS:,} more")))
    return found


def _preview(tensor: torch.Tensor) -> str:
    shape = tuple(tensor.shape)
    head = tensor
    while head.dim() > 1 and head.shape[0]:
        head = head[0]
    if head.dim() != 1 or not head.shape[0]:
        return str(shape)
    shown = [_text(value) for value in head[:_PREVIEWED].tolist()]
    more = ", …" if tensor.numel() > len(shown) else ""
    return f"{shape} {'[' * len(shape)}{', '.join(shown)}{more}{']' * len(shape) if not more else ''}"


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """The same memory without the subclass: its ``tolist`` may be the user's."""
    torch = sys.modules["torch"]
    return torch._C.TensorBase.as_subclass(tensor, torch.Tensor)


def _text(value: Any) -> str:  # noqa: ANN401 (what tolist gives)
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
