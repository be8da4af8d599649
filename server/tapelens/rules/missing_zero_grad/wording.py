"""Numbers and names in a message."""

from __future__ import annotations

from ...events import Look


def and_more(look: Look, parameters: list[int]) -> str:
    """The first parameter's name, and how many more there are."""
    first = f"`{look.parameter(parameters[0])}`"
    return first if len(parameters) == 1 else f"{first} and {len(parameters) - 1} more"


def norm_of(norm: float | None) -> str:
    """A norm in brackets, or nothing."""
    return "" if norm is None else f" (norm {norm:.3g})"
