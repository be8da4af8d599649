"""A finding as JSON, the same from ``run``, ``attach`` and ``lint``.

::

    {"rule", "severity", "message", "path", "line", "column", "end_line", "end_column": from 1, null where they are
     not known, "function", "seen": "live" or "source", "foreseen", "count", "stop",
     "related": [{"path", "line", "function", "message"}], "facts": {name: value},
     "fix": null or {"title", "is_safe", "edits": [{"path", "line", "column", "end_line", "end_column", "text"}]}}
"""

from __future__ import annotations

from typing import Any

from ..wire.findings import Finding, Fix
from ..wire.sites import Site, Span

Json = dict[str, Any]


def finding_object(finding: Finding) -> Json:
    """One finding."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.site.path,
        "line": finding.site.line,
        **_columns(finding.span),
        "function": finding.site.function,
        "seen": finding.seen,
        "foreseen": finding.foreseen,
        "count": finding.count,
        "stop": finding.stop,
        "related": [{**_site(each.site), "message": each.message} for each in finding.related],
        "facts": {fact.name: fact.value for fact in finding.facts},
        "fix": None if finding.fix is None else _fix(finding.fix),
    }


def _site(site: Site) -> Json:
    return {"path": site.path, "line": site.line, "function": site.function}


def _columns(span: Span | None) -> Json:
    if span is None:
        return {"column": None, "end_line": None, "end_column": None}
    return {"column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _fix(fix: Fix) -> Json:
    edits = [
        {"path": each.path, "line": each.span.line, **_columns(each.span), "text": each.text} for each in fix.edits
    ]
    return {"title": fix.title, "is_safe": fix.is_safe, "edits": edits}
