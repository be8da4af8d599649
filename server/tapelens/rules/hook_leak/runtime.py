"""Runtime twin: the same hook, put on the same thing in one turn of the program after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import Event, HookRegistered
from ...wire.findings import Fact, Finding, Related
from ..model import finding
from . import RULE

_ALIVE = 4
_TARGETS = {
    "tensor": "the same tensor",
    "module": "the same module",
    "optimizer": "the same optimizer",
    "everything": "all modules",
}


class HookLeak:
    """At least four hooks with one code are alive in one place, each from another turn."""

    wants: ClassVar[tuple[type, ...]] = (HookRegistered,)

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; several that are set up in one go are no leak."""
        if not isinstance(event, HookRegistered) or event.innermost.in_library:
            return
        turns = {turn for _, turn in event.alike}
        if len(turns) < _ALIVE:
            return
        code = event.code
        related = () if code is None else (Related(site=code, message="This is the hook that runs again and again."),)
        yield finding(
            RULE,
            at=event.site,
            message=(
                f"`{event.name}` is put on {_TARGETS.get(event.target, event.target)} here again and again, and "
                f"{len(event.alike)} of them are alive now: each backward or call runs all of them, and there is one "
                f"more in every iteration. Keep the handle that `{event.registrar}` returns and call its `remove()`, "
                "or register once before the loop."
            ),
            related=related,
            facts=(Fact(name="hooks alive", value=str(len(event.alike))),),
        )
