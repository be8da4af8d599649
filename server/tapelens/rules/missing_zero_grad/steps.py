"""Which optimizer steps."""

from __future__ import annotations

_AT_MOST = 64


def remember(stepping: dict[int, int], step: int, optimizer: int) -> None:
    """One more optimizer by running step; bounded, for a step that raises never ends."""
    stepping[step] = optimizer
    if len(stepping) > _AT_MOST:
        del stepping[next(iter(stepping))]
