"""Numbers of one tensor, as rows of the wire's columns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ...wire.numbers import Number, StatisticsColumns

AT_MOST_FIRST = 16
_FIRST_DIGITS = 6


class Numbers(NamedTuple):
    """One tensor's numbers, in the order of the wire's columns."""

    elements: int
    norm: Number
    minimum: Number
    maximum: Number
    mean: Number
    nan: int
    inf: int
    first: tuple[Number, ...]


def columns_of(rows: list[Numbers]) -> StatisticsColumns:
    """The rows as columns."""
    count, norm, minimum, maximum, mean, nan, inf, first = (
        zip(*rows, strict=True) if rows else ((),) * len(Numbers._fields)
    )
    return StatisticsColumns(
        count=count, norm=norm, minimum=minimum, maximum=maximum, mean=mean, nan=nan, inf=inf, first=first
    )


def numbers_of(
    *,
    count: int,
    nan: int,
    inf: int,
    norm: float,
    extremes: tuple[float, float] | None,
    total: float,
    first: Iterable[float],
    digits: int,
) -> Numbers:
    """A row of what was computed; ``extremes`` and ``total`` are of the finite elements."""
    low, high = extremes or (math.nan, math.nan)
    finite = count - nan - inf
    return Numbers(
        elements=count,
        norm=number(norm, digits),
        minimum=number(low, digits),
        maximum=number(high, digits),
        mean=number(total / finite if finite else math.nan, digits),
        nan=nan,
        inf=inf,
        first=tuple([number(value, _FIRST_DIGITS) for value in first]),
    )


def numbers_of_values(values: list[float], *, digits: int) -> Numbers:
    """A row of a tensor's own elements, computed by Python."""
    finite = [value for value in values if math.isfinite(value)]
    nan = sum(map(math.isnan, values))
    return numbers_of(
        count=len(values),
        nan=nan,
        inf=len(values) - len(finite) - nan,
        norm=math.hypot(*finite),
        extremes=(min(finite), max(finite)) if finite else None,
        total=sum_of(finite),
        first=values[:AT_MOST_FIRST],
        digits=digits,
    )


def sum_of(values: Iterable[float]) -> float:
    """The sum; infinite where it leaves the range on the way."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def number(value: float, digits: int) -> Number:
    """A float as the wire takes it: a word where JSON has no number, and no more digits than told."""
    if value != value:  # noqa: PLR0124 (NaN alone)
        return "nan"
    if value in (math.inf, -math.inf):
        return "inf" if value > 0 else "-inf"
    return float(f"{value:.{digits}g}")


def modulus(value: complex) -> float:
    """A real element itself, of a complex one how large it is."""
    return abs(value) if isinstance(value, complex) else float(value)
