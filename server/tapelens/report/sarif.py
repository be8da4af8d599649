"""Findings as a SARIF 2.1.0 log, which code scanning services and editors read.

Files below the folder that the command runs in are named from there (``%SRCROOT%``). A result's fingerprint is
made of its rule, its file and its line's text, so that it stays the same where lines move.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..rules.catalogue import RULES
from ..rules.model import Rule
from ..wire.findings import Edit, Finding, Severity
from ..wire.sites import Site, Span
from .pages import page_markdown
from .places import code_span, line_of, span_of, uri_path

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "information": "note"}

Json = dict[str, Any]


def sarif_log(
    findings: Sequence[Finding], *, root: Path, notes: Iterable[str] = (), exit_code: int | None = None
) -> Json:
    """The log of one run of tapelens.

    Args:
        findings: In the order in which they are listed.
        root: The folder that paths are named from.
        notes: Sentences on what went otherwise than asked.
        exit_code: tapelens' own, where it is known.
    """
    spoken = {finding.rule for finding in findings}
    rules = [rule for rule in RULES if rule.slug in spoken]
    rows = {rule.slug: row for row, rule in enumerate(rules)}
    told: Counter[str] = Counter()
    notifications = [{"level": "warning", "message": {"text": note}} for note in notes]
    invocation: Json = {"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}
    if exit_code is not None:
        invocation["exitCode"] = exit_code
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "tapelens",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"uri": f"{root.absolute().as_uri().rstrip('/')}/"}},
                "invocations": [invocation],
                "results": [_result(finding, rows, root, told) for finding in findings],
            }
        ],
    }


def _rule(rule: Rule) -> Json:
    text = page_markdown(rule)
    return {
        "id": rule.slug,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": f"{rule.summary[:1].upper()}{rule.summary[1:]}."},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, rows: Mapping[str, int], root: Path, told: Counter[str]) -> Json:
    result: Json = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [_location(finding.site, span_of(finding), root)],
        "partialFingerprints": {"tapelens/v1": _fingerprint(finding, root, told)},
        "properties": {
            "seen": finding.seen,
            "foreseen": finding.foreseen,
            "facts": {fact.name: fact.value for fact in finding.facts},
        },
    }
    if finding.rule in rows:
        result["ruleIndex"] = rows[finding.rule]
    if finding.seen == "live":
        result["occurrenceCount"] = finding.count
    if finding.related:
        result["relatedLocations"] = [
            _location(each.site, code_span(each.site), root) | {"id": number, "message": {"text": each.message}}
            for number, each in enumerate(finding.related, 1)
        ]
    if finding.fix is not None:
        result["fixes"] = [
            {"description": {"text": finding.fix.title}, "artifactChanges": _changes(finding.fix.edits, root)}
        ]
    return result


def _location(site: Site, span: Span | None, root: Path) -> Json:
    region = {"startLine": max(site.line, 1)} if span is None else _region(span)
    location: Json = {"physicalLocation": {"artifactLocation": _artifact(site.path, root), "region": region}}
    if site.function:
        location["logicalLocations"] = [{"fullyQualifiedName": site.function, "kind": "function"}]
    return location


def _artifact(path: str, root: Path) -> Json:
    uri, is_relative = uri_path(path, root)
    return {"uri": uri, "uriBaseId": ROOT} if is_relative else {"uri": uri}


def _region(span: Span) -> Json:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _changes(edits: Iterable[Edit], root: Path) -> list[Json]:
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    return [
        {
            "artifactLocation": _artifact(path, root),
            "replacements": [
                {"deletedRegion": _region(each.span), "insertedContent": {"text": each.text}} for each in of_path
            ],
        }
        for path, of_path in by_path.items()
    ]


def _fingerprint(finding: Finding, root: Path, told: Counter[str]) -> str:
    """The same for the same fault in a file whose lines have moved; of equal ones the second is another."""
    text = line_of(finding.site.path, finding.site.line).strip()
    parts = (finding.rule, uri_path(finding.site.path, root)[0], text)
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    told[digest] += 1
    return f"{digest}:{told[digest]}"
