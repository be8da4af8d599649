"""Live findings over source ones: one fault, one finding."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from functools import lru_cache

from ..wire.findings import Finding

_Place = tuple[str, str, int]


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Each fault once: of the same rule at the same line of the same file, what is known best.

    What happened is known better than what the source shows, and that better than what is foreseen at a stop.
    A live finding takes the columns and the fix of the source one in whose place it stands.
    """
    best: dict[_Place, Finding] = {}
    for finding in findings:
        place = (finding.rule, real_path(finding.site.path), finding.site.line)
        earlier = best.get(place)
        best[place] = finding if earlier is None else _better(earlier, finding)
    return list(best.values())


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file, line and column."""
    return sorted(
        findings,
        key=lambda each: (each.site.path, each.site.line, each.span.column if each.span else 0, each.rule),
    )


@lru_cache(maxsize=4096)
def real_path(path: str) -> str:
    """The file that a path names, through links and whatever the case where that means nothing."""
    return os.path.normcase(os.path.realpath(path))


def _better(one: Finding, other: Finding) -> Finding:
    worse, better = sorted((one, other), key=_certainty)
    return dataclasses.replace(better, span=better.span or worse.span, fix=better.fix or worse.fix)


def _certainty(finding: Finding) -> tuple[int, int]:
    if finding.foreseen:
        return 0, 0
    return (2 if finding.seen == "live" else 1), finding.count
