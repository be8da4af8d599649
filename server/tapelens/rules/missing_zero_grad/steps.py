"""Which optimizer steps."""

from __future__ import annotations

_AT_MOST = 64


def remember(stepping: dict[int, int], step: int, optimizer: int) -> dict[int, int]:
    """Optimizers by running step, one more; bounded, for a step that raises never ends."""
    return dict([*stepping.items(), (step, optimizer)][-_AT_MOST:])
