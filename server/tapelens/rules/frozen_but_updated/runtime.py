"""Runtime twin: speaks of frozen parameters that a step changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import Event, StepEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE


class FrozenButUpdated:
    """The taps tell which frozen parameters a step changed without a new gradient."""

    wants: ClassVar[tuple[type, ...]] = (StepEnded,)

    def __init__(self) -> None:
        self._said: dict[Site, Finding] = {}
        self._last: tuple[int, int] | None = None

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak at the step, once though it may call ``super().step()``."""
        if not isinstance(event, StepEnded) or not event.frozen:
            return
        last, self._last = self._last, (event.optimizer, event.ordinal)
        if last == self._last:
            return
        said = self._said.get(event.site)
        if said is None:
            said = self._said[event.site] = _say(event)
        yield said


def _say(event: StepEnded) -> Finding:
    look = event.look
    gradients = look.evidence(event.frozen)
    first = next((each for each in event.frozen if each in gradients), event.frozen[0])
    verb = "has" if len(event.frozen) == 1 else f"and {len(event.frozen) - 1} more have"
    name, optimizer = look.parameter(first), look.optimizer(event.optimizer)
    if first in gradients:
        norm = look.norm([first])
        of_norm = "" if norm is None else f" (norm {norm:.3g})"
        why = f"it still holds an old gradient{of_norm}, which this step used again"
    else:
        why = "its gradient is zero and not None, so momentum or weight decay still move it"
    return finding(
        RULE,
        at=event.site,
        message=(
            f"`{name}` {verb} requires_grad=False, and step {event.ordinal} of `{optimizer}` changed it: {why}. "
            f"Set its `grad` to None when you freeze it, or give `{optimizer}` the other parameters only."
        ),
        facts=(
            Fact(name="optimizer", value=optimizer),
            Fact(name="frozen parameters changed", value=str(len(event.frozen))),
        ),
    )
