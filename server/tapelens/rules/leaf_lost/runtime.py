"""Runtime twin: speaks when what stands in a leaf's place is used as the leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import Event, Lost, NonleafRead, Uncaught
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE


class LeafLost:
    """A result of a leaf whose ``.grad`` is read, or that an optimizer refused."""

    wants: ClassVar[tuple[type, ...]] = (NonleafRead, Uncaught)

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak of the statement that lost the leaf."""
        match event:
            case NonleafRead(lost=Lost() as lost):
                yield _say(lost, "so its `.grad`, which is read here, is None", used=event.site, how="reads `.grad`")
            case Uncaught(lost=Lost() as lost):
                yield _say(lost, "so the optimizer refuses it", used=event.site, how="gives it to an optimizer")
            case _:
                return


def _say(lost: Lost, consequence: str, *, used: Site | None, how: str) -> Finding:
    name = f"`{lost.name}`" if lost.name else "The parameter"
    related = [] if used is None else [Related(site=used, message=f"This line {how}.")]
    if lost.leaf_made is not None:
        related.append(Related(site=lost.leaf_made, message="The leaf was made here."))
    return finding(
        RULE,
        at=lost.site,
        message=(
            f"{name} is a result of the tensor that was made with requires_grad, not that tensor: it is no leaf, "
            f"{consequence}. {_advice(lost)}"
        ),
        related=tuple(related),
        facts=(Fact(name="made by", value=lost.written),) if lost.written else (),
    )


def _advice(lost: Lost) -> str:
    if ".grad" in lost.written:
        name = lost.name or "w"
        return f"Update it in place: `with torch.no_grad(): {name} -= …`, and clear `{name}.grad` after."
    return (
        "Compute the values first and call `.requires_grad_()` on what comes out, or give device and dtype at creation."
    )
