"""Runtime twin: speaks of a step that changed parameters with NaN or Inf, at the operation that made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...events import Culprit, Event, NonFiniteUsed
from ...wire.findings import Fact, Finding, Related
from ..model import finding
from . import RULE

_ADVICE = {
    "Sqrt": "Its slope is infinite at 0: add a small epsilon inside.",
    "Rsqrt": "It is infinite at 0: add a small epsilon inside.",
    "Norm": "It has no slope at 0: add a small epsilon to what it measures.",
    "LinalgVectorNorm": "It has no slope at 0: add a small epsilon to what it measures.",
    "Cdist": "It has no slope where two points are the same: add a small epsilon.",
    "Std": "It needs two values or more that differ: take the variance, or add an epsilon before the root.",
    "Log": "It is infinite at 0 and NaN below: clamp what it is given, or work with log_softmax and the like.",
    "Div": "What it divides by reaches 0: clamp it, or add a small epsilon.",
    "Reciprocal": "What it divides by reaches 0: clamp it, or add a small epsilon.",
    "Pow": "A power below 1 has an infinite slope at 0: add a small epsilon to its base.",
    "Exp": "It overflows: clamp what it is given, or subtract the largest value first.",
    "Acos": "Its slope is infinite at -1 and 1: clamp what it is given to a little less.",
    "Asin": "Its slope is infinite at -1 and 1: clamp what it is given to a little less.",
}


_HOW = {
    "backward": ("The backward of ", " was the first that was given finite gradients and gave others"),
    "forward": ("The operation of ", " was given finite values, and its result is not finite"),
    "alone": ("", " is the only operation of this graph whose backward can do that"),
}


class NonFiniteGrad:
    """The first step of each optimizer that used such gradients and changed parameters."""

    wants: ClassVar[tuple[type, ...]] = (NonFiniteUsed,)

    def __init__(self) -> None:
        self._spoilt: set[int] = set()  # optimizers

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak when it changed what was finite."""
        if not isinstance(event, NonFiniteUsed) or not event.changed or event.optimizer in self._spoilt:
            return
        self._spoilt.add(event.optimizer)
        yield _say(event)


def _say(event: NonFiniteUsed) -> Finding:
    culprit = event.culprit
    at = event.site if culprit is None or culprit.site is None else culprit.site
    related = () if at == event.site else (Related(site=event.site, message="This step used the gradients."),)
    if event.backward is not None and event.backward not in {at, event.site}:
        related += (Related(site=event.backward, message="They were computed by this backward."),)
    optimizer = event.look.optimizer(event.optimizer)
    return finding(
        RULE,
        at=at,
        message=f"{_what(event, optimizer)} {_why(culprit)}",
        related=related,
        facts=(
            Fact(name="optimizer", value=optimizer),
            Fact(name="gradients not finite", value=f"{len(event.parameters)} of {event.held}"),
            Fact(name="operation", value="not known" if culprit is None else culprit.node),
        ),
    )


def _what(event: NonFiniteUsed, optimizer: str) -> str:
    first = f"`{event.look.parameter(event.parameters[0])}`"
    more = len(event.parameters) - 1
    names = f"{first} and {more} more" if more else first
    verb = "was" if not more else "were"
    return (
        f"The gradient of {names} {verb} {event.what} when step {event.ordinal} of `{optimizer}` "
        f"({event.site.place}) used it, and the parameters are spoilt since."
    )


def _why(culprit: Culprit | None) -> str:
    if culprit is None:
        return (
            "Skip a step whose gradients are not finite, and look with "
            "`torch.autograd.set_detect_anomaly(True)` for the operation."
        )
    where = f" in `{culprit.module}`" if culprit.module else ""
    name = culprit.node.removesuffix("0").removesuffix("1").removesuffix("2").removesuffix("Backward")
    advice = _ADVICE.get(name) or _ADVICE.get(name.rstrip("0123456789P"), "")
    return f"{culprit.node.join(_HOW[culprit.how])}{where}. {advice}".rstrip()
