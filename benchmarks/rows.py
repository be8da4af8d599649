"""One measured line of docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """Ours against a peer, measured in one run.

    Attributes:
        what: What is timed.
        ours: Our median, with its unit.
        peer: The peer's median, with its unit and who it is.
        ratio: Ours divided by the peer's.
        target: What we want, in words.
        met: Whether this run met it.
    """

    what: str
    ours: str
    peer: str
    ratio: float
    target: str
    met: bool


def median_ms(seconds: Sequence[float]) -> float:
    """Median in milliseconds."""
    return statistics.median(seconds) * 1000
