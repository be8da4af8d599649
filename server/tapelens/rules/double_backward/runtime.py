"""Runtime twin: remembers how calls raised, and speaks when nobody catches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import BackwardForeseen, BackwardRaised, Event, Uncaught
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from ..raised_calls import RaisedCalls
from . import RULE


class DoubleBackward:
    """A call that raised because the graph was freed; a fault once the exception leaves the program."""

    wants: ClassVar[tuple[type, ...]] = (BackwardRaised, BackwardForeseen, Uncaught)

    def __init__(self) -> None:
        self._raised = RaisedCalls()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of an exception that nobody catches, or of one foreseen."""
        match event:
            case BackwardRaised(freed=True):
                self._raised.remember(event)
            case Uncaught() if (before := self._raised.take(event.call)) is not None:
                yield _happened(before)
            case BackwardForeseen(reason="freed"):
                yield _foreseen(event)
            case _:
                return


def _happened(raised: BackwardRaised) -> Finding:
    root = f"`{raised.expression}`" if raised.expression else "the root"
    fate = f"run backward and freed{_at(raised.freed_by)} already"
    if raised.carrier is None or raised.carrier == raised.expression:
        what = f"the graph of {root} was {fate}"
    else:
        what = f"`{raised.carrier}` brings a graph into {root} that was {fate}"
    advice = _advice(raised.carrier or raised.expression, raised.expression)
    return finding(
        RULE,
        at=raised.site,
        message=f"Trying to backward through the graph a second time: {what}. {advice}",
        related=_related(raised.freed_by),
        facts=(Fact(name="carrier", value=raised.carrier),) if raised.carrier else (),
    )


def _foreseen(event: BackwardForeseen) -> Finding:
    root = f"`{event.expression}`" if event.expression else "This root"
    return finding(
        RULE,
        at=event.site,
        message=(
            f"{root} reaches a graph that was run backward and freed{_at(event.freed_by)}: this line would raise "
            f'"Trying to backward through the graph a second time". {_advice(event.expression, event.expression)}'
        ),
        severity="information",
        related=_related(event.freed_by),
        foreseen=True,
    )


def _advice(carrier: str, root: str) -> str:
    """The three ways out, that which fits best first."""
    again = f"compute `{root}` anew before this call" if root else "compute the loss anew before this call"
    retain = "pass retain_graph=True to the first call"
    if carrier and carrier != root:
        return f"Carry on with `{carrier}.detach()`, or {again}, or {retain}."
    return f"{again.capitalize()}, or {retain}, or detach() the state that an earlier iteration left."


def _at(site: Site | None) -> str:
    return "" if site is None else f" at {site.place}"


def _related(site: Site | None) -> tuple[Related, ...]:
    return () if site is None else (Related(site=site, message="This backward freed the graph."),)
