"""Runtime twin: follows each graph of gradients until another call uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import BackwardBegan, BackwardRaised, Event, ProgramEnded, StepEnded
from ...wire.findings import Fact, Finding
from ..kept_graphs import Kept, KeptGraphs
from ..model import finding
from . import RULE

_ENOUGH = 12  # second-order optimizers may need it at every tenth step only


class CreateGraphLeak:
    """A line that says ``create_graph=True`` again and again, for second derivatives that nobody takes."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan, BackwardRaised, StepEnded, ProgramEnded)

    def __init__(self) -> None:
        self._graphs = KeptGraphs(_ENOUGH)

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak when enough calls were for nothing."""
        if isinstance(event, BackwardBegan):
            found = self._graphs.began(event, keeps=event.create_graph and event.accumulates)
        else:
            found = self._graphs.see(event)
        for kept in found:
            yield _say(kept)


def _say(kept: Kept) -> Finding:
    return finding(
        RULE,
        at=kept.site,
        message=(
            f"create_graph=True made graphs of the gradients in {kept.unused} calls here, and no later backward or "
            "grad used any of them: through `.grad` each is part of a reference cycle with its parameters and stays in "
            "memory until the garbage collector comes by. Drop `create_graph=True`, or take second derivatives "
            "from `torch.autograd.grad(…, create_graph=True)`."
        ),
        facts=(Fact(name="graphs made and not used", value=str(kept.unused)),),
    )
