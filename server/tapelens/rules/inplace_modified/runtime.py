"""Runtime twin: remembers how calls raised, and speaks when nobody catches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import BackwardForeseen, BackwardRaised, Change, Event, Uncaught
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from ..raised_calls import RaisedCalls
from . import RULE

_SAYS = "modified by an inplace operation"
_REFUSED = ("is being used in an in-place operation", "is a view and is being modified inplace")


class InplaceModified:
    """A call that raised because a saved tensor was changed; a fault once the exception leaves the program."""

    wants: ClassVar[tuple[type, ...]] = (BackwardRaised, BackwardForeseen, Uncaught)

    def __init__(self) -> None:
        self._raised = RaisedCalls()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of an exception that nobody catches, or of one foreseen."""
        match event:
            case BackwardRaised() if _SAYS in event.message:
                self._raised.remember(event)
            case Uncaught() if (before := self._raised.take(event.call)) is not None:
                yield _happened(before)
            case Uncaught(call=None, site=Site() as site) if any(text in event.message for text in _REFUSED):
                yield _refused(event, site)
            case BackwardForeseen(reason="changed"):
                yield _foreseen(event)
            case _:
                return


def _happened(raised: BackwardRaised) -> Finding:
    change = raised.change
    root = f"`{raised.expression}.backward()`" if raised.expression else "This backward"
    if change is None:
        return finding(
            RULE,
            at=raised.site,
            message=f"{root} needs a tensor that was changed in place after it had been saved. {_advice(None)}",
        )
    related = [Related(site=raised.site, message="This backward needs the tensor as it was saved.")]
    if change.site is None:
        related = []
    if change.made is not None:
        related.append(Related(site=change.made, message=f"{change.node} saved the tensor here."))
    return finding(
        RULE,
        at=change.site or raised.site,
        message=f"{_what(change)}{_versions(change)}, so {root}{_at(raised.site, change)} raises. {_advice(change)}",
        related=tuple(related),
        facts=_facts(change),
    )


def _refused(event: Uncaught, site: Site) -> Finding:
    return finding(
        RULE,
        at=site,
        message=(
            f"PyTorch refuses this in-place operation: {event.message.partition(chr(10))[0].strip()} "
            "Write into it under `torch.no_grad()` if it is an update, else use the operation that gives a new tensor."
        ),
    )


def _foreseen(event: BackwardForeseen) -> Finding:
    change = event.change
    if change is None:
        message, site = f"{event.message} {_advice(None)}", event.site
    else:
        root = f"`{event.expression}.backward()`" if event.expression else "this backward"
        message = f"{_what(change)}{_versions(change)}: {root} would raise. {_advice(change)}"
        site = change.site or event.site
    return finding(
        RULE,
        at=site,
        message=message,
        severity="information",
        related=() if site == event.site else (Related(site=event.site, message="This line would raise."),),
        facts=() if change is None else _facts(change),
        foreseen=True,
    )


def _what(change: Change) -> str:
    name = f"`{change.name}`" if change.name else f"A tensor that {change.node} needs"
    by = " by the optimizer's step" if change.by_step else f" by `{change.written}`" if change.written else ""
    saved = f"after {change.node} had saved it for backward" if change.name else "after it had been saved"
    return f"{name} was changed in place{by} {saved}"


def _versions(change: Change) -> str:
    if change.version_saved < 0 or change.version_now < 0:
        return ""
    return f" (saved at version {change.version_saved}, now at {change.version_now})"


def _at(site: Site, change: Change) -> str:
    return "" if change.site is None else f" at {site.place}"


def _advice(change: Change | None) -> str:
    if change is not None and change.by_step:
        return "Run every backward that needs these parameters before this step, or compute the loss anew after it."
    return "Use the operation that gives a new tensor, or change a `.clone()`."


def _facts(change: Change) -> tuple[Fact, ...]:
    named = ("variable", change.name), ("operation", change.written), ("saved by", change.node)
    return tuple(Fact(name=name, value=value) for name, value in named if value)
