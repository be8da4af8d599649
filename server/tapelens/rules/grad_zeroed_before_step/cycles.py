"""One optimizer between two of its steps: which backwards were cleared, and what the step may use."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...events import Evidence, GradsCleared, Sample
from ...wire.sites import Site

_CLEARINGS = 64  # that are remembered of one cycle
_COMPARED = 8

Line = tuple[Site, Site]
"""The user's site and the innermost outside torch: helpers of a library are told apart by their callers."""


@dataclass(frozen=True)
class Ran:
    """A backward that has ended.

    Attributes:
        retained: It kept its graph, which a later one may use.
        walked: Which graphs it used is known.
    """

    call: int
    line: Line
    retained: bool = False
    walked: bool = True


@dataclass(slots=True)
class Cycle:
    """What happened since an optimizer's last step.

    Attributes:
        wasted: Backwards whose gradients were cleared.
        pending: Backwards since the last clearing.
        clearings: Where the clearings were.
        parameters: Some whose gradients were cleared.
        values: Their values at the first clearing.
        left: Their gradients as the last backward, or a clip after it, left them.
        unscaled: A GradScaler has divided them since.
        spoiled: Something was seen that makes clearing right.
    """

    wasted: list[Ran] = field(default_factory=list[Ran])
    pending: list[Ran] = field(default_factory=list[Ran])
    clearings: list[Site] = field(default_factory=list[Site])
    parameters: tuple[int, ...] = ()
    values: dict[int, Sample] = field(default_factory=dict[int, Sample])
    left: dict[int, Evidence] = field(default_factory=dict[int, Evidence])
    unscaled: bool = False
    spoiled: bool = False

    def clear(self, event: GradsCleared, recent: list[Ran]) -> None:
        """Gradients of these backwards, which no step has used, are cleared."""
        if not event.finite or event.elsewhere or len(self.clearings) >= _CLEARINGS:
            self.spoiled = True
        self.clearings.append(event.site)
        self.wasted += recent
        self.pending = []
        self.left = {}
        self.unscaled = False
        if not self.parameters:
            self.parameters = tuple(sorted(event.cleared))[:_COMPARED]
        values = event.look.values(self.parameters)
        self.values = self.values or values
        self.spoiled |= values != self.values

    @property
    def empties(self) -> bool:
        """All gradients of the cycle were cleared."""
        return bool(self.wasted) and not self.pending and not self.spoiled

    def keeps_one_of(self, now: dict[int, Evidence], values: dict[int, Sample]) -> int | None:
        """Of how many backwards of one line the step uses just the last; None where it is not so.

        Args:
            now: Gradients as the step begins.
            values: Parameters' values then.
        """
        if self.spoiled or not self.wasted or len(self.pending) != 1 or values != self.values or not self.left:
            return None
        if any(ran.line != self.pending[0].line for ran in self.wasted):
            return None
        return len(self.wasted) + 1 if self._is_untouched(now) else None

    def _is_untouched(self, now: dict[int, Evidence]) -> bool:
        if self.unscaled:
            return all(key in now and now[key].identity == seen.identity for key, seen in self.left.items())
        return all(seen.proves(now.get(key)) for key, seen in self.left.items())
