"""Findings made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tapelens.wire.findings import Finding, Fix, Related, Severity
from tapelens.wire.sites import Site, Span


def found(
    path: Path | str,
    line: int,
    *,
    rule: str = "missing-zero-grad",
    severity: Severity = "warning",
    message: str = "The step uses old gradients.",
    span: Span | None = None,
    related: tuple[Related, ...] = (),
    fix: Fix | None = None,
    seen: Literal["live", "source"] = "source",
    foreseen: bool = False,
    count: int = 1,
    function: str = "<module>",
) -> Finding:
    return Finding(
        kind="finding",
        rule=rule,
        severity=severity,
        message=message,
        site=Site(path=str(path), line=line, function=function, in_library=False),
        span=span,
        related=related,
        facts=(),
        fix=fix,
        seen=seen,
        foreseen=foreseen,
        stop=0,
        count=count,
    )
