"""Which node was the first to be given finite gradients and to send on others."""

from __future__ import annotations

from typing import NamedTuple

A_HOOK = "a hook"
"""What a hook is called that changed a gradient unseen."""


class Culprit(NamedTuple):
    """What is told of it; its name, site and module are looked up when the backward is over."""

    key: int
    position: int
    nan: int
    inf: int
    hook: str


def all_finite(each: list[bool | None]) -> bool | None:
    """Whether all are; None where one that is not known leaves that open."""
    if False in each:
        return False
    return None if None in each else True
