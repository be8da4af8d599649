"""How exceptions and programs end."""

from __future__ import annotations

from dataclasses import dataclass

from ..wire.sites import Site
from .blame import Lost


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncaught:
    """An exception that nobody catches.

    Attributes:
        call: The backward call it came out of, or None.
        type_name: The exception's class.
        message: Its text.
        site: Innermost frame of the user's, None without one.
        lost: An optimizer refused a result of a leaf's: what stands in that leaf's place.
    """

    call: int | None
    type_name: str
    message: str
    site: Site | None
    lost: Lost | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramEnded:
    """The program ends; ``raised`` when an exception ended it."""

    raised: bool
