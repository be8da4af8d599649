"""What a rule said, as it crosses a process boundary."""

from dataclasses import dataclass
from typing import Literal

from .sites import Site, Span

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, kw_only=True)
class Related:
    """Another site that the message speaks of, with its own sentence."""

    site: Site
    message: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that was seen, as a label and its value in words."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Text of one file that takes the place of a stretch of it; an empty stretch inserts."""

    path: str
    span: Span
    text: str


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A change of the source after which the rule is silent.

    Attributes:
        title: What it does, as a command: "Insert `optimizer.zero_grad()` before the backward".
        is_safe: It changes nothing but what the rule names; others are offered and never applied unasked.
    """

    title: str
    edits: tuple[Edit, ...]
    is_safe: bool


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault at one site.

    Attributes:
        rule: The rule's slug, its id everywhere.
        message: What was seen with its numbers, and what to do.
        span: Columns where they are known; else the site's whole line is meant.
        fix: How the source would be changed; only findings in source bring one.
        seen: While the program ran, or in its source.
        foreseen: It has not happened: the line about to run would do it. Counts nowhere.
        stop: Number of the process's latest stop when it was seen; 0 before the first.
        count: How often the rule has spoken for this site in this process.
    """

    kind: Literal["finding"]
    rule: str
    severity: Severity
    message: str
    site: Site
    span: Span | None
    related: tuple[Related, ...]
    facts: tuple[Fact, ...]
    fix: Fix | None
    seen: Literal["live", "source"]
    foreseen: bool
    stop: int
    count: int
