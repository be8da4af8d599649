"""Runtime twin: follows each retained graph until another call uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import BackwardBegan, BackwardRaised, Event, ProgramEnded, StepEnded
from ...wire.findings import Fact, Finding
from ..kept_graphs import Kept, KeptGraphs
from ..model import finding
from . import RULE

_ENOUGH = 5


class NeedlessRetainGraph:
    """A line that says ``retain_graph=True`` again and again, for graphs that nothing runs a second time."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan, BackwardRaised, StepEnded, ProgramEnded)

    def __init__(self) -> None:
        self._graphs = KeptGraphs(_ENOUGH)

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak when enough calls were for nothing."""
        if isinstance(event, BackwardBegan):
            found = self._graphs.began(event, keeps=event.retains_literally and not event.create_graph)
        else:
            found = self._graphs.see(event)
        for kept in found:
            yield _say(kept)


def _say(kept: Kept) -> Finding:
    return finding(
        RULE,
        at=kept.site,
        message=(
            f"retain_graph=True kept the graphs of {kept.unused} calls here, and no later backward or grad used any of "
            "them: what they saved stayed in memory for nothing. Drop `retain_graph=True`; if torch then says "
            '"a second time", detach() what an earlier iteration left.'
        ),
        severity="information" if kept.site.in_library else None,
        facts=(Fact(name="graphs retained and not used", value=str(kept.unused)),),
    )
