"""Runtime twin: knows which gradients are still scaled, and who touches them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import ClassVar

from ...events import (
    BackwardBegan,
    BackwardEnded,
    Event,
    Evidence,
    GradsClipped,
    ScalerScaled,
    ScalerStepped,
    ScalerUnscaled,
    StepBegan,
    Uncaught,
)
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE
from .errors import advice_for

_ROOTS = 256
_MUCH_LESS = 1000  # times smaller than the scale, a limit cannot have been multiplied by it
_OPTIMIZERS = 64


class AmpOrder:
    """Gradients that a scaled loss filled, until they are unscaled."""

    wants: ClassVar[tuple[type, ...]] = (
        BackwardBegan,
        BackwardEnded,
        GradsClipped,
        ScalerScaled,
        ScalerStepped,
        ScalerUnscaled,
        StepBegan,
        Uncaught,
    )

    def __init__(self) -> None:
        self._roots: dict[int, ScalerScaled] = {}
        self._scaled: dict[int, ScalerScaled] = {}  # by parameter
        self._left: dict[int, Evidence] = {}  # some of their gradients, as the backward or a clip left them
        self._call: int | None = None
        self._last: dict[int, Site] = {}  # where each optimizer was unscaled or stepped last
        self._said: dict[Site, Finding] = {}

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak at what touches gradients that are still scaled."""
        match event:
            case ScalerScaled():
                self._roots.update(dict.fromkeys(event.roots, event))
                while len(self._roots) > _ROOTS:
                    del self._roots[next(iter(self._roots))]
            case BackwardBegan(accumulates=True, inside=None) if self._roots:
                self._backward_begins(event)
            case BackwardEnded() if event.call == self._call:
                self._left = event.look.evidence(sorted(self._scaled))
            case ScalerUnscaled() | ScalerStepped():
                self._unscaled(event)
            case GradsClipped() if self._scaled:
                yield from self._clipped(event)
            case StepBegan(scaler=None) if self._scaled:
                yield from self._stepped(event)
            case Uncaught():
                yield from self._raised(event)
            case _:
                return

    def _backward_begins(self, event: BackwardBegan) -> None:
        scaled = next((self._roots[root] for root in event.roots if root in self._roots), None)
        self._call = None
        if not event.walked:  # whose gradients it fills is not known
            self._scaled, self._left = {}, {}
        elif scaled is not None:
            self._call = event.call
            self._scaled.update(dict.fromkeys(event.reaches, scaled))
        else:
            for leaf in event.reaches - event.filled:
                self._scaled.pop(leaf, None)

    def _unscaled(self, event: ScalerUnscaled | ScalerStepped) -> None:
        self._last[event.optimizer] = event.site
        if len(self._last) > _OPTIMIZERS:
            del self._last[next(iter(self._last))]
        if self._scaled:
            self._forget(event.parameters)

    def _forget(self, parameters: frozenset[int]) -> None:
        for parameter in parameters:
            self._scaled.pop(parameter, None)
            self._left.pop(parameter, None)

    def _clipped(self, event: GradsClipped) -> Iterator[Finding]:
        now = event.look.evidence(sorted(self._scaled))
        before = {key: seen for key, seen in event.before.items() if key in self._scaled}
        clipped = event.parameters & self._scaled.keys()
        if not event.parameters:  # not told
            clipped = frozenset(key for key in before if now.get(key) != before[key])
        if not clipped:
            return
        if not self._are_as_left({key: seen for key, seen in before.items() if key in clipped}):
            self._forget(event.parameters or frozenset(self._scaled))  # written by hand before: divided, it may be
            return
        self._left = now
        scaled = self._scaled[min(clipped)]
        cuts = any(key in now and now[key].sample != seen.sample for key, seen in before.items() if key in clipped)
        if cuts and _is_fixed(event, scaled.scale):
            yield self._once(event.site, lambda: _say_clipped(event, scaled))

    def _stepped(self, event: StepBegan) -> Iterator[Finding]:
        own = event.look.held_by(event.optimizer) & self._scaled.keys()
        now = event.look.evidence(sorted(own & self._left.keys()))
        if not own or not self._are_as_left(now):
            return
        scaled = self._scaled[min(own)]
        self._forget(own)
        yield self._once(event.site, lambda: _say_stepped(event, scaled))

    def _are_as_left(self, now: dict[int, Evidence]) -> bool:
        """Nobody wrote them: they were not divided by hand."""
        return bool(now) and all(seen.proves(self._left.get(key)) for key, seen in now.items())

    def _raised(self, event: Uncaught) -> Iterator[Finding]:
        advice, site = advice_for(event.message), event.site
        if advice is not None and site is not None and site not in self._said:  # debugger and interpreter both tell
            earlier = [each for each in self._last.values() if each != site][-1:]
            yield self._once(site, lambda: _say_raised(f"{event.message.rstrip()} {advice}", site, earlier))

    def _once(self, site: Site, say: Callable[[], Finding]) -> Finding:
        said = self._said.get(site)
        if said is None:
            said = self._said[site] = say()
        return said


def _is_fixed(event: GradsClipped, scale: float | None) -> bool:
    """The limit does not follow the scale, and it cuts something."""
    limit = event.limit
    if limit is None or not math.isfinite(limit) or limit <= 0 or scale == 1 or event.written == "other":
        return False
    if event.norm is not None and event.norm <= limit:
        return False
    return event.written == "literal" or (scale is not None and limit * _MUCH_LESS < scale)


def _say_clipped(event: GradsClipped, scaled: ScalerScaled) -> Finding:
    keyword = "max_norm" if event.by == "clip_grad_norm_" else "clip_value"
    norm = "" if event.norm is None else f", of norm {event.norm:.3g} before,"
    return finding(
        RULE,
        at=event.site,
        message=(
            f"These gradients{norm} are still multiplied by the scale{_of(scaled)} as they are clipped to {keyword} "
            f"{event.limit:g}: once unscaled, next to nothing is left. Call `unscale_(optimizer)` of the scaler "
            f"before `{event.by}`."
        ),
        related=(Related(site=scaled.site, message="The loss was scaled here."),),
        facts=_facts(scaled),
    )


def _say_stepped(event: StepBegan, scaled: ScalerScaled) -> Finding:
    optimizer = event.look.optimizer(event.optimizer)
    return finding(
        RULE,
        at=event.site,
        message=(
            f"`{optimizer}` steps on gradients that are still multiplied by the scale{_of(scaled)}: its `step()` was "
            f"called directly, though the loss was scaled. Call `step({optimizer})` and then `update()` of the scaler "
            f"instead."
        ),
        related=(Related(site=scaled.site, message="The loss was scaled here."),),
        facts=(Fact(name="optimizer", value=optimizer), *_facts(scaled)),
    )


def _say_raised(message: str, site: Site, earlier: list[Site]) -> Finding:
    return finding(
        RULE,
        at=site,
        severity="error",
        message=message,
        related=tuple(Related(site=each, message="The scaler worked on an optimizer here before.") for each in earlier),
    )


def _of(scaled: ScalerScaled) -> str:
    return "" if scaled.scale is None else f" of {scaled.scale:g}"


def _facts(scaled: ScalerScaled) -> tuple[Fact, ...]:
    return () if scaled.scale is None else (Fact(name="scale", value=f"{scaled.scale:g}"),)
