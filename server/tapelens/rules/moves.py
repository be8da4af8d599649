"""How a leaf's values moved between two looks."""

from __future__ import annotations

from ..events import Sample


def moved_along(gradient: Sample, before: Sample, after: Sample) -> bool:
    """Every sampled value moved against its gradient, or every one along it.

    Data written into an input that requires a gradient moves it too, but not so.
    """
    moves = [
        (new - old) * slope for slope, old, new in zip(gradient, before, after, strict=False) if slope and new != old
    ]
    return bool(moves) and (all(move < 0 for move in moves) or all(move > 0 for move in moves))
