"""What a card is made of, whatever debugger shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Note(str):
    """A fact in words: shown without quotes, with nothing inside."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Children that are made when someone opens them.

    Attributes:
        line: What it says while closed.
    """

    line: str
    children: Callable[[], list[Child]]


@dataclass(frozen=True, slots=True)
class Child:
    """One entry below a card.

    Attributes:
        value: A value of the user's, a ``Note`` or a ``Group``.
        path: What to append to the parent's expression to reach it (``.grad``, ``[0]``), empty for the
            parent itself; None when no expression does, or evaluating it would disturb.
    """

    name: str
    value: Any
    path: str | None = None


def notes(**facts: object) -> list[Child]:
    """Facts without an expression of their own; those that are None or empty are left out."""
    return [
        Child(name.replace("_", " "), Note(fact))
        for name, fact in facts.items()
        if fact is not None and fact not in ("", ())
    ]
