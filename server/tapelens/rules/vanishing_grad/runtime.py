"""Runtime twin: compares the first layer's gradient with the last one's."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from ...events import Event, GradientsMeasured, LayerNorm, ProgramEnded
from ...wire.findings import Fact, Finding
from ...wire.sites import Site
from ..model import finding
from . import RULE

_RATIO = 1e-6
_EXTREME = 1e-6  # of the ratio
_LAYERS = 4
_JUDGED = 10  # steps
_AT_END = 3
_OPTIMIZERS = 256


@dataclass(slots=True)
class _Seen:
    """Steps of one optimizer that were judged, and what the last bad one would say."""

    bad: deque[bool] = field(default_factory=lambda: deque[bool](maxlen=_JUDGED))
    finding: Finding | None = None


class VanishingGrad:
    """Half of ten steps whose first layer gets a millionth of what the last one gets."""

    wants: ClassVar[tuple[type, ...]] = (GradientsMeasured, ProgramEnded)

    def __init__(self, ratio: float = _RATIO) -> None:
        self._ratio = ratio
        self._seen: dict[tuple[int, Site], _Seen] = {}
        self._said: set[Site] = set()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak when it has been so often enough."""
        match event:
            case GradientsMeasured():
                seen = self._judge(event)
                if len(seen.bad) == _JUDGED:
                    yield from self._speak(seen)
            case ProgramEnded(raised=False):
                for seen in self._seen.values():
                    if len(seen.bad) >= _AT_END:
                        yield from self._speak(seen)
            case _:
                return

    def _judge(self, event: GradientsMeasured) -> _Seen:
        if len(self._seen) > _OPTIMIZERS:
            self._seen.clear()
        seen = self._seen.setdefault((event.optimizer, event.backward), _Seen())
        layers = event.layers
        is_bad = len(layers) >= _LAYERS and layers[0].rms < self._ratio * layers[-1].rms and _falls(layers)
        seen.bad.append(is_bad)
        if is_bad:
            seen.finding = self._say(event)
        return seen

    def _speak(self, seen: _Seen) -> Iterator[Finding]:
        found = seen.finding
        if found is None or 2 * sum(seen.bad) < len(seen.bad) or found.site in self._said:
            return
        self._said.add(found.site)
        yield found

    def _say(self, event: GradientsMeasured) -> Finding:
        first, last = event.layers[0], event.layers[-1]
        ratio = first.rms / last.rms
        return finding(
            RULE,
            at=event.backward,
            severity="warning" if ratio < self._ratio * _EXTREME else None,
            message=(
                f"Gradients all but vanish on their way back: `{event.look.parameter(first.parameter)}` gets "
                f"{first.rms:.1e} (RMS) and `{event.look.parameter(last.parameter)}` {last.rms:.1e}, "
                f"{1 / ratio:.0e} times as much. Normalise between the layers, add residual connections, or take "
                f"activations that do not saturate."
            ),
            facts=(
                Fact(name="first layer", value=f"{first.rms:.3e}"),
                Fact(name="last layer", value=f"{last.rms:.3e}"),
                Fact(name="layers", value=str(len(event.layers))),
            ),
        )


def _falls(layers: tuple[LayerNorm, ...]) -> bool:
    """From the last third over the middle one to the first: no odd one out."""
    third = len(layers) // 3
    parts = (layers[:third], layers[third : len(layers) - third], layers[len(layers) - third :])
    first, middle, last = (statistics.median(layer.rms for layer in part) for part in parts)
    return first < middle < last
