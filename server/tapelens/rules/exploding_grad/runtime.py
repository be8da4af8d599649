"""Runtime twin: norms above a bound that grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from ...events import Event, GradientsMeasured, NonFiniteUsed, ProgramEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE

_NORM = 1e6
_EXTREME = 1e6  # times that
_JUDGED = 10  # steps
_AT_END = 3
_LAST = 2  # of them that must be bad then
_OPTIMIZERS = 256


@dataclass(slots=True)
class _Seen:
    """Steps of one optimizer that were judged.

    Attributes:
        bad: Above the bound and more than any before.
        norms: What was measured.
        finding: What the last bad one would say.
    """

    bad: deque[bool] = field(default_factory=lambda: deque[bool](maxlen=_JUDGED))
    norms: deque[float] = field(default_factory=lambda: deque[float](maxlen=_JUDGED))
    finding: Finding | None = None


class ExplodingGrad:
    """Half of ten steps whose gradients are above a million and more than in all before."""

    wants: ClassVar[tuple[type, ...]] = (GradientsMeasured, NonFiniteUsed, ProgramEnded)

    def __init__(self, norm: float = _NORM) -> None:
        self._norm = norm
        self._seen: dict[int, _Seen] = {}
        self._said: set[Site] = set()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak when it has been so often enough."""
        match event:
            case GradientsMeasured():
                seen = self._judge(event)
                if 2 * sum(seen.bad) >= _JUDGED:
                    yield from self._speak(seen)
            case NonFiniteUsed():  # numbers have come to an end: nothing is measured any more
                yield from self._end(event.optimizer)
            case ProgramEnded(raised=False):
                for optimizer in list(self._seen):
                    yield from self._end(optimizer)
            case _:
                return

    def _judge(self, event: GradientsMeasured) -> _Seen:
        if len(self._seen) > _OPTIMIZERS:
            self._seen.clear()
        seen = self._seen.setdefault(event.optimizer, _Seen())
        is_bad = event.norm > self._norm and bool(seen.norms) and event.norm > max(seen.norms)
        seen.bad.append(is_bad)
        seen.norms.append(event.norm)
        if is_bad:
            seen.finding = self._say(event, seen)
        return seen

    def _end(self, optimizer: int) -> Iterator[Finding]:
        seen = self._seen.get(optimizer)
        if seen is not None and len(seen.bad) >= _AT_END and all(list(seen.bad)[-_LAST:]):
            yield from self._speak(seen)

    def _speak(self, seen: _Seen) -> Iterator[Finding]:
        found = seen.finding
        if found is None or found.site in self._said:
            return
        self._said.add(found.site)
        yield found

    def _say(self, event: GradientsMeasured, seen: _Seen) -> Finding:
        optimizer = event.look.optimizer(event.optimizer)
        return finding(
            RULE,
            at=event.backward,
            severity="warning" if event.norm > self._norm * _EXTREME else None,
            message=(
                f"The gradients that step {event.ordinal} of `{optimizer}` uses have the norm {event.norm:.1e}, after "
                f"{seen.norms[0]:.1e} earlier, and they grow. Lower the learning rate, clip them "
                f"(`clip_grad_norm_`), or scale the inputs and the loss."
            ),
            facts=(
                Fact(name="optimizer", value=optimizer),
                Fact(name="norm", value=f"{event.norm:.3e}"),
                Fact(name="norm earlier", value=f"{seen.norms[0]:.3e}"),
            ),
        )
