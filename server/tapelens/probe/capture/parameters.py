"""Which memory is parameters' own, so that nobody counts it as kept for backward."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .reading import Reading


def parameter_storages(readings: Iterable[Reading]) -> set[int]:
    """The storages of all parameters among these."""
    return {reading.storage[0] for reading in readings if reading.storage is not None and _is_parameter(reading)}


def _is_parameter(reading: Reading) -> bool:
    """Also a leaf that was made to require grad; a no_grad view of what does says so of itself and is none."""
    if sys.modules["torch"].nn.Parameter in type(reading.tensor).__mro__:
        return reading.is_leaf == 1
    return reading.is_leaf == 1 and reading.requires_grad == 1 and reading.is_view != 1
