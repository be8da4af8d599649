"""Runtime twin: speaks where PyTorch warns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import Event, NonleafRead
from ...wire.findings import Fact, Finding, Related
from ..model import finding
from . import RULE


class NonleafGrad:
    """``.grad`` of a non-leaf that does not retain it, read in the user's code."""

    wants: ClassVar[tuple[type, ...]] = (NonleafRead,)

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of the reading."""
        if isinstance(event, NonleafRead):
            yield _say(event)


def _say(read: NonleafRead) -> Finding:
    tensor = f"`{read.expression}`" if read.expression else "This tensor"
    by = f" by {read.operation}" if read.operation else ""
    at = f" at {read.made.place}" if read.made is not None else ""
    made = f"an operation made it{by}{at}" if not by else f"it was made{by}{at}"
    advice = f"`{read.expression}.retain_grad()`" if read.expression else "`retain_grad()` on it"
    return finding(
        RULE,
        at=read.site,
        message=(
            f"{tensor} is no leaf: {made}, so backward keeps no gradient for it and `.grad` is None. "
            f"Call {advice} before the backward, or read the gradient of the leaf that was meant."
        ),
        related=() if read.made is None else (Related(site=read.made, message="The tensor was made here."),),
        facts=(Fact(name="made by", value=read.operation),) if read.operation else (),
    )
