"""What a rule is, and how it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from ..events import Event
from ..wire.findings import Fact, Finding, Related, Severity
from ..wire.sites import Site, Span


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A number that a project may set in place of the rule's own.

    The runtime twin takes it as a keyword argument of this name, with the same default.

    Attributes:
        meaning: What it bounds, for the rule's page.
    """

    name: str
    default: float
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule's declaration. The page is the docstring of the module that declares it.

    Attributes:
        slug: The id everywhere: diagnostics, SARIF, suppressions, pages.
        severity: Of its findings, unless one says otherwise.
        summary: One line for lists.
        runtime: The twin's class in the rule's ``runtime`` module, loaded by name; None without one.
        source: The function in the rule's ``source`` module that looks through a file; None without one.
        fix: The function in the rule's ``fix`` module that offers a change for a finding; None without one.
        thresholds: Numbers that a project may set.
    """

    slug: str
    severity: Severity
    summary: str
    runtime: str | None = None
    source: str | None = None
    fix: str | None = None
    thresholds: tuple[Threshold, ...] = ()


class RuntimeTwin(Protocol):
    """A small state machine over events, called at the tap on the user's thread.

    Attributes:
        wants: Kinds of event that it is to see; it is spared the others.
    """

    wants: ClassVar[tuple[type, ...]]

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; give what it shows, before the line at fault is left."""
        ...


def finding(
    rule: Rule,
    *,
    at: Site,
    message: str,
    severity: Severity | None = None,
    related: tuple[Related, ...] = (),
    facts: tuple[Fact, ...] = (),
    foreseen: bool = False,
    span: Span | None = None,
    seen: Literal["live", "source"] = "live",
) -> Finding:
    """The one way in which a rule makes a finding. The collector sets ``stop`` and ``count``."""
    return Finding(
        kind="finding",
        rule=rule.slug,
        severity=severity or rule.severity,
        message=message,
        site=at,
        span=span,
        related=related,
        facts=facts,
        fix=None,
        seen=seen,
        foreseen=foreseen,
        stop=0,
        count=1,
    )
