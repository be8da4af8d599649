"""How lists, sizes, shapes and places are put into words."""

from __future__ import annotations

from collections.abc import Sequence

from ..store.rows import Shape, Statistics
from ..wire.numbers import Number
from ..wire.sites import Site

KIB = 1024
VALUES_SHOWN = 4
"""Values of one tensor that a line of text holds."""


def listed(names: Sequence[str], *, at_most: int = 4) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b, c, d and 7 more``."""
    shown = list(names[:at_most])
    if left := len(names) - len(shown):
        shown.append(f"{left} more")
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part)


def counted(count: int, noun: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(size_bytes: int) -> str:
    """``96 B``, ``1.5 KiB``, ``2.0 GiB``."""
    if size_bytes < KIB:
        return f"{size_bytes} B"
    amount = size_bytes / KIB
    for unit in ("KiB", "MiB"):
        if amount < KIB:
            return f"{amount:.1f} {unit}"
        amount /= KIB
    return f"{amount:.1f} GiB"


def printable(text: str) -> str:
    """What came out of a debuggee, without what a terminal would obey; line ends stay."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def shape(dimensions: Shape | None) -> str:
    """``[2, 3]``, ``scalar``, or ``?`` where it is not shown."""
    if dimensions is None:
        return "?"
    return f"[{', '.join(map(str, dimensions))}]" if dimensions else "scalar"


def number(value: Number) -> str:
    """Four significant digits."""
    return value if isinstance(value, str) else f"{value:.4g}"


def values(statistics: Statistics | None, dimensions: Shape | None) -> str:
    """The value of one element, a few of some, the norm of many."""
    if statistics is None:
        return "not read"
    first = statistics.first[:VALUES_SHOWN]
    if statistics.count == len(first):
        text = ", ".join(map(number, first))
        text = f"[{text}]" if dimensions else text
    else:
        text = f"norm {number(statistics.norm)}"
    odd = [f"{count:,} {word}" for count, word in ((statistics.nan, "NaN"), (statistics.inf, "Inf")) if count]
    return f"{text} ({', '.join(odd)})" if odd else text


def place(site: Site, *, beside: str | None = None) -> str:
    """``train.py:12``; only ``line 12`` where the reader stands in that file."""
    if beside == site.path:
        return f"line {site.line}"
    return site.place
