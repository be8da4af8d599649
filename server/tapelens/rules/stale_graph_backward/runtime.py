"""Runtime twin: speaks as a backward is about to use parameters that its graph saved otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import BackwardBegan, Event, SilentChange
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE


class StaleGraphBackward:
    """A backward through nodes that saved a parameter before it changed without a version bump."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan,)

    def __init__(self) -> None:
        self._said: dict[Site, Finding] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of each step or write that the graph does not know of."""
        if not isinstance(event, BackwardBegan):
            return
        by_site: dict[Site, list[SilentChange]] = {}
        for change in event.silently_changed:
            by_site.setdefault(change.changed_at or event.site, []).append(change)
        for site, changes in by_site.items():
            said = self._said.get(site)
            if said is None:
                said = self._said[site] = _say(event, site, changes)
            yield said


def _say(event: BackwardBegan, site: Site, changes: list[SilentChange]) -> Finding:
    first = changes[0]
    name = f"`{event.look.parameter(first.parameter)}`"
    names = name if len(changes) == 1 else f"{name} and {len(changes) - 1} more"
    old, new = next(pair for pair in zip(first.before, first.now, strict=False) if pair[0] != pair[1])
    cause = "This step" if first.by_step else "A write past the version counter (`.data`, numpy)"
    known = first.made_at is not None
    made = f" at {first.made_at.place}" if first.made_at else ""
    related = [Related(site=event.site, message="This backward uses the graph with the new values.")]
    if first.made_at is not None:
        related.insert(0, Related(site=first.made_at, message=f"Here {first.operation} saved the old values."))
    return finding(
        RULE,
        at=site,
        message=(
            f"{cause} changed {names} ({old:.4g} is now {new:.4g}) after {first.operation} had saved it{made} for "
            f"the backward at {event.site.place}: torch counts no version for such a "
            "change, so it does not raise, and the gradients are wrong. "
            + (
                "Run the backward before the step, or compute the loss anew after it."
                if first.by_step
                else "Run the backward first, or write under torch.no_grad() without `.data`."
            )
        ),
        related=tuple(related),
        facts=(
            Fact(name="saved by", value=first.operation),
            Fact(name="parameters changed", value=str(len(changes))),
            *((Fact(name="saved at", value=made.removeprefix(" at ")),) if known else ()),
        ),
    )
