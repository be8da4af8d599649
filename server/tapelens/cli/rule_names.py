"""Rules' names on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from ..errors import UsageError
from ..rules.catalogue import RULES

ALL = "all"


def check_rules(names: Sequence[str], *, option: str, or_all: bool = False) -> tuple[str, ...]:
    """The names, comma-separated ones apart.

    Raises:
        UsageError: One is no rule; the closest one is suggested.
    """
    known = [*(rule.slug for rule in RULES), *([ALL] if or_all else [])]
    found: list[str] = []
    for name in (part.strip() for each in names for part in each.split(",")):
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]}?" if close else "`tapelens rules` lists them."
            raise UsageError(f"{option}: there is no rule {name!r}: {hint}")
        found.append(name)
    return tuple(found)
