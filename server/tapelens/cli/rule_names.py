"""Rules' names on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import check_rule

ALL = "all"


def check_rules(names: Sequence[str], *, option: str, or_all: bool = False) -> tuple[str, ...]:
    """The names, comma-separated ones apart.

    Raises:
        UsageError: One is no rule; the closest one is suggested.
    """
    others = [ALL] if or_all else []
    parts = (part.strip() for each in names for part in each.split(","))
    return tuple(check_rule(part, where=option, others=others) for part in parts)
