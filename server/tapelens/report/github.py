"""Findings as GitHub's workflow commands, which it shows at the lines of a pull request.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..wire.findings import Finding, Severity
from .places import shown_path, span_of

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "information": "notice"}


def github_lines(findings: Iterable[Finding], *, root: Path) -> Iterator[str]:
    """One line each; places that a finding speaks of follow in its message."""
    for finding in findings:
        span = span_of(finding)
        where: dict[str, object] = {"file": shown_path(finding.site.path, root), "line": finding.site.line}
        if span is not None and span.line == span.end_line:  # of several lines GitHub takes no columns
            where |= {"line": span.line, "col": span.column, "endLine": span.end_line, "endColumn": span.end_column}
        elif span is not None:
            where |= {"line": span.line, "endLine": span.end_line}
        where["title"] = f"tapelens: {finding.rule}"
        related = [f"{shown_path(each.site.path, root)}:{each.site.line}: {each.message}" for each in finding.related]
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in where.items())
        yield f"::{_LEVELS[finding.severity]} {properties}::{_data(chr(10).join([finding.message, *related]))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
