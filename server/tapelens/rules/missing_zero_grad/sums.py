"""An optimizer's step: used, not cleared, added to, used again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...events import BackwardBegan, BackwardEnded, Evidence, HeldKey, StepBegan, StepEnded
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE
from .steps import remember
from .wording import and_more, norm_of


@dataclass(frozen=True)
class _Used:
    """A gradient as a step left it."""

    evidence: Evidence
    ordinal: int


@dataclass(frozen=True)
class _Suspect:
    """A gradient that a step used and that stands there unchanged as a backward begins."""

    ordinal: int
    seen: Evidence
    proven: bool
    norm: float | None


@dataclass(frozen=True)
class _Mixed:
    """A sum of a used gradient and a new one, as the backward that added left it."""

    suspect: _Suspect
    evidence: Evidence
    site: Site


class Sums:
    """Who used what, and what became a sum since."""

    def __init__(self) -> None:
        self._used: dict[HeldKey, _Used] = {}
        self._suspects: dict[HeldKey, _Suspect] = {}
        self._mixed: dict[HeldKey, _Mixed] = {}
        self._stepping: dict[int, int] = {}  # optimizers by step
        self._said: dict[Site, Finding] = {}

    def backward_begins(self, event: BackwardBegan) -> None:
        """Drop sums that were cleared or written since; suspect what a step used and left."""
        if not event.held:
            self._mixed, self._suspects = {}, {}
            return
        self._mixed = {
            key: mixed for key, mixed in self._mixed.items() if mixed.evidence.agrees_with(event.held.get(key))
        }
        inside = None if event.step is None else self._stepping.get(event.step)
        stale = {
            key: (used, seen)
            for key, seen in event.held.items()
            if key.optimizer != inside  # its closure's matter
            and (used := self._used.get(key)) is not None
            and used.evidence.agrees_with(seen)
        }
        proven = any(seen.proves(used.evidence) for used, seen in stale.values())
        norm = event.look.norm(key.parameter for key in stale) if proven and not self._said else None
        self._suspects = {
            key: _Suspect(ordinal=used.ordinal, seen=seen, proven=seen.proves(used.evidence), norm=norm)
            for key, (used, seen) in stale.items()
        }

    def backward_ended(self, event: BackwardEnded) -> None:
        """What of it this backward added to is a sum now."""
        for key, seen in event.held.items():
            suspect = self._suspects.pop(key, None)
            mixed = self._mixed.get(key)
            if mixed is not None and not seen.agrees_with(mixed.evidence):
                self._mixed[key] = _Mixed(suspect=mixed.suspect, evidence=seen, site=mixed.site)
            elif suspect is not None and not seen.agrees_with(suspect.seen):
                self._mixed[key] = _Mixed(suspect=suspect, evidence=seen, site=event.site)
        self._suspects = {}

    def step_begins(self, event: StepBegan) -> Iterator[Finding]:
        """Speak when this step is about to use a sum with what an earlier one of it used."""
        remember(self._stepping, event.step, event.optimizer)
        stale = {
            key: mixed
            for key, mixed in self._mixed.items()
            if key.optimizer == event.optimizer
            and (now := event.held.get(key)) is not None
            and now.identity == mixed.evidence.identity
        }
        if not any(mixed.suspect.proven for mixed in stale.values()):
            return
        spoken_of = {key.parameter for key in stale}  # for a step inside this one it is the same fault
        self._mixed = {key: mixed for key, mixed in self._mixed.items() if key.parameter not in spoken_of}
        said = self._said.get(event.site)
        if said is None:
            said = self._said[event.site] = _say(event, stale)
        yield said

    def step_ended(self, event: StepEnded) -> None:
        """The optimizer has used what it holds."""
        self._stepping.pop(event.step, None)
        if not (event.held or self._used or self._mixed):
            return
        others = {key: used for key, used in self._used.items() if key.optimizer != event.optimizer}
        own = {key: _Used(evidence=seen, ordinal=event.ordinal) for key, seen in event.held.items()}
        self._used = others | own
        self._mixed = {key: mixed for key, mixed in self._mixed.items() if key.optimizer != event.optimizer}


def _say(event: StepBegan, stale: dict[HeldKey, _Mixed]) -> Finding:
    first = next(iter(stale.values()))
    used = first.suspect.ordinal
    names = and_more(event.look, [key.parameter for key in stale])
    verb = "holds" if len(stale) == 1 else "hold"
    optimizer = event.look.optimizer(event.optimizer)
    norm = norm_of(first.suspect.norm)
    return finding(
        RULE,
        at=event.site,
        message=(
            f"{names} still {verb} the gradient of step {used}{norm}, which step {used} already used; nothing cleared "
            f"it before step {event.ordinal}, so this step uses the sum of both. "
            f"Call `{optimizer}.zero_grad()` before the backward."
        ),
        related=(Related(site=first.site, message=f"This backward added to the gradients that step {used} had used."),),
        facts=(
            Fact(name="optimizer", value=optimizer),
            Fact(name="gradients not cleared", value=str(len(stale))),
            Fact(name="used by step", value=str(used)),
            Fact(name="used again by step", value=str(event.ordinal)),
        ),
    )
