"""How a source twin speaks."""

from __future__ import annotations

import ast

from ..rules.model import Rule
from ..rules.model import finding as finding_at
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
    """A finding at a node of a file, with its columns."""
    return finding_at(
        rule,
        at=file.site(at),
        span=file.span(at),
        message=message,
        severity=severity,
        related=related,
        facts=facts,
        seen="source",
    )


def related(file: SourceFile, at: ast.AST, message: str) -> Related:
    """Another node that the message speaks of."""
    return Related(site=file.site(at), message=message)
