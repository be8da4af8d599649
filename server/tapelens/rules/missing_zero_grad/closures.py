"""A closure given to ``step(closure)``: a backward that begins on what an earlier call of it left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...events import BackwardBegan, BackwardEnded, Evidence, HeldKey, Sample, StepBegan, StepEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE
from .steps import remember
from .wording import and_more, norm_of


@dataclass(frozen=True)
class _Left:
    """A gradient as the closure's call, or the whole step, left it.

    Attributes:
        value: Its parameter's values then; None after a step, which has moved them.
    """

    evidence: Evidence
    value: Sample | None


class Closures:
    """What each optimizer's closure left, while its step runs and after."""

    def __init__(self) -> None:
        self._left: dict[HeldKey, _Left] = {}
        self._stepping: dict[int, int] = {}  # optimizers by step
        self._suspects: dict[HeldKey, Evidence] = {}
        self._proven = False
        self._norm: float | None = None
        self._said: dict[Site, Finding] = {}

    def step_begins(self, event: StepBegan) -> None:
        """Backwards inside are of this optimizer's closure."""
        remember(self._stepping, event.step, event.optimizer)

    def backward_begins(self, event: BackwardBegan) -> None:
        """Suspect what stands there from before, though the parameters have moved on."""
        self._suspects = {}
        optimizer = None if event.step is None else self._stepping.get(event.step)
        if optimizer is None or not event.held:
            return
        # NOTE [one call of a closure]: two losses run backward in one call may add up, and between
        # them no parameter moves; between two calls of a closure the optimizer moves them.
        stale = {
            key: (seen, left)
            for key, seen in event.held.items()
            if key.optimizer == optimizer
            and (left := self._left.get(key)) is not None
            and left.evidence.agrees_with(seen)
            and (left.value is None or left.value != event.values.get(key, left.value))
        }
        self._proven = any(seen.proves(left.evidence) for seen, left in stale.values())
        self._norm = event.look.norm(key.parameter for key in stale) if self._proven and not self._said else None
        self._suspects = {key: seen for key, (seen, _) in stale.items()}

    def backward_ended(self, event: BackwardEnded) -> Iterator[Finding]:
        """Speak when this backward has added to it."""
        optimizer = None if event.step is None else self._stepping.get(event.step)
        if optimizer is None:
            return
        suspects, self._suspects = self._suspects, {}
        for key, seen in event.held.items():
            if key.optimizer == optimizer:
                self._left[key] = _Left(evidence=seen, value=event.values.get(key, ()))
        stale = [
            key
            for key, seen in suspects.items()
            if (now := event.held.get(key)) is not None and not now.agrees_with(seen)
        ]
        if not stale or not self._proven:
            return
        said = self._said.get(event.site)
        if said is None:
            said = self._said[event.site] = self._say(event, optimizer, stale)
        yield said

    def step_ended(self, event: StepEnded) -> None:
        """The next step's closure begins on this."""
        self._stepping.pop(event.step, None)
        others = {key: left for key, left in self._left.items() if key.optimizer != event.optimizer}
        own = {key: _Left(evidence=seen, value=None) for key, seen in event.held.items()}
        self._left = others | own

    def _say(self, event: BackwardEnded, optimizer: int, stale: list[HeldKey]) -> Finding:
        names = and_more(event.look, [key.parameter for key in stale])
        name = event.look.optimizer(optimizer)
        return finding(
            RULE,
            at=event.site,
            message=(
                f"{names} still held the gradient that an earlier call of the closure left{norm_of(self._norm)}, and "
                f"this backward added to it: {name} now uses the sum. "
                f"Call `{name}.zero_grad()` at the beginning of the closure."
            ),
            facts=(
                Fact(name="optimizer", value=name),
                Fact(name="gradients not cleared", value=str(len(stale))),
            ),
        )
