"""Gives each event to the rules, and what they say to the session: one fault, one finding."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterable

from ..events import Event, ProgramEnded
from ..rules.model import RuntimeTwin
from ..wire.findings import Finding
from .guard import Guard, Report, guard

YIELDS_TO = {
    "nonleaf-grad": ("leaf-lost",),
    "no-grad-path": ("param-not-in-optimizer",),
    "step-without-backward": ("param-not-in-optimizer", "no-grad-path"),
    "repeated-backward-accumulates": ("missing-zero-grad",),
}
"""Rules that say nothing of an event of which one of the others speaks: it is the same fault."""

_PATIENCE_S = 0.5
_TELL_EACH = 10  # repeats told one by one; after that only when their number has grown by a quarter

See = Callable[[Event], Iterable[Finding]]
_Place = tuple[str, str, int, int]


class Collector:
    """Called in the taps, on the user's thread, before the fault's line is left.

    Args:
        twins: Runtime twins of the rules that may speak.
        on_finding: Takes each finding, and may pause the program; a repeat comes as the first one
            with its count raised.
        stop: Number of the process's latest stop.
        report_fault: Takes a fault of a rule's; that rule is quiet from then on.
    """

    def __init__(
        self,
        twins: Iterable[RuntimeTwin],
        *,
        on_finding: Callable[[Finding], None],
        stop: Callable[[], int],
        report_fault: Report = lambda _where, _what: None,
    ) -> None:
        self._see: dict[type, list[tuple[See, Guard]]] = {}
        for twin in twins:
            careful = guard(f"rule {type(twin).__name__}", report_fault)
            for kind in twin.wants:
                self._see.setdefault(kind, []).append((twin.see, careful))
        self._on_finding = on_finding
        self._stop = stop
        self._spoken: dict[_Place, Finding] = {}
        self._told: dict[_Place, int] = {}
        self._lock = threading.RLock()
        self.away_ns = 0
        """Time spent in ``on_finding``: a pause there is the user's and not ours."""

    def emit(self, event: Event) -> None:
        """Let every rule see the event; pass on what they say."""
        # NOTE [no lock while paused]: ``on_finding`` may hold the program for minutes, and another
        # thread's stop must still be able to emit. A thread that was suspended in here keeps the lock:
        # then the event is lost rather than the program hung.
        if not self._lock.acquire(blocking=False) and not self._lock.acquire(timeout=_PATIENCE_S):
            return
        try:
            seen: list[Finding] = []
            # NOTE [no call more than needed]: some forty rules see a step's events.
            for see, careful in self._see.get(type(event), ()):
                if careful.quiet:
                    continue
                try:
                    seen += see(event)
                except Exception as fault:
                    careful.fail(fault)
            if not seen and not isinstance(event, ProgramEnded):
                return
            telling = [told for finding in _one_fault(seen) if (told := self._count(finding)) is not None]
            if isinstance(event, ProgramEnded):
                telling.extend(self._untold())
        finally:
            self._lock.release()
        for finding in telling:
            begun = time.perf_counter_ns()
            try:
                self._on_finding(finding)
            finally:
                self.away_ns += time.perf_counter_ns() - begun

    def _count(self, finding: Finding) -> Finding | None:
        """The finding as it is told: the first of its place with the count so far, or None for now."""
        stop = self._stop()
        place = (finding.rule, finding.site.path, finding.site.line, stop if finding.foreseen else 0)
        first = self._spoken.get(place)
        if first is not None and finding.foreseen:
            return None  # the same stop was looked at again
        count = 1 if first is None else first.count + 1
        told = dataclasses.replace(first or finding, stop=stop, count=count)
        self._spoken[place] = told
        if count > _TELL_EACH and count * 4 < self._told[place] * 5:
            return None
        self._told[place] = count
        return told

    def _untold(self) -> list[Finding]:
        late = [place for place, finding in self._spoken.items() if finding.count != self._told[place]]
        for place in late:
            self._told[place] = self._spoken[place].count
        return [self._spoken[place] for place in late]


def _one_fault(findings: list[Finding]) -> list[Finding]:
    """Of findings of one event, those that no other outranks."""
    speaking = {finding.rule for finding in findings}
    return [finding for finding in findings if speaking.isdisjoint(YIELDS_TO.get(finding.rule, ()))]
