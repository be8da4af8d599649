"""How a source twin speaks."""

from __future__ import annotations

import ast

from ..rules.model import Rule
from ..wire.findings import Fact, Finding, Related, Severity
from .file import SourceFile


def finding(
    rule: Rule,
    *,
    file: SourceFile,
    at: ast.AST,
    message: str,
    severity: Severity | None = None,
    related: tuple[Related, ...] = (),
    facts: tuple[Fact, ...] = (),
) -> Finding:
    """A finding at a node of a file, with its columns. Beside ``rules.model.finding``, which is for live ones."""
    return Finding(
        kind="finding",
        rule=rule.slug,
        severity=severity or rule.severity,
        message=message,
        site=file.site(at),
        span=file.span(at),
        related=related,
        facts=facts,
        fix=None,
        seen="source",
        foreseen=False,
        stop=0,
        count=1,
    )


def related(file: SourceFile, at: ast.AST, message: str) -> Related:
    """Another node that the message speaks of."""
    return Related(site=file.site(at), message=message)
