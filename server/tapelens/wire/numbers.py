"""Numbers read from tensors, in columns."""

from dataclasses import dataclass
from typing import Literal

Number = float | Literal["nan", "inf", "-inf"]
"""JSON has no word for the last three."""


@dataclass(frozen=True, kw_only=True)
class StatisticsColumns:
    """One row a tensor whose values were read; all columns have the same length.

    Attributes:
        count: Number of elements.
        norm: Euclidean norm over the finite elements, in float64.
        minimum: Smallest finite element; "nan" when there is none. Complex: of the moduli.
        maximum: Largest finite element.
        mean: Mean of the finite elements.
        nan: Elements that are NaN.
        inf: Elements that are infinite.
        first: The first elements in row-major order, six significant digits.
    """

    count: tuple[int, ...]
    norm: tuple[Number, ...]
    minimum: tuple[Number, ...]
    maximum: tuple[Number, ...]
    mean: tuple[Number, ...]
    nan: tuple[int, ...]
    inf: tuple[int, ...]
    first: tuple[tuple[Number, ...], ...]
