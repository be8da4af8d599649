"""What the source twins say of one file, before anything is silenced."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Callable, Iterator

from ..rules import probe_fault, syntax_error
from ..rules.catalogue import RULES, fixer, source_twins
from ..rules.model import Rule, finding
from ..source import SourceFile
from ..wire.findings import Finding
from ..wire.sites import Site, Span

log = logging.getLogger(__name__)


def look(file: SourceFile, *, wants: Callable[[str], bool] = lambda _slug: True) -> Iterator[Finding]:
    """Findings in a file and in those that it leads to; one that cannot be parsed gives one finding.

    A rule that fails says so in a finding, and the others go on.
    """
    if file.error is not None:
        yield unread(file.path, file.error)
        return
    for rule in RULES:
        if rule.source is not None and wants(rule.slug):
            yield from _of_rule(rule, file)


def _of_rule(rule: Rule, file: SourceFile) -> Iterator[Finding]:
    try:
        for twin in source_twins((rule,)):
            yield from twin(file)
    except Exception as error:  # one rule's fault must not silence the others
        log.debug("%s failed on %s", rule.slug, file.path, exc_info=error)
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        yield finding(
            probe_fault.RULE,
            at=Site(path=file.path, line=1, function="<module>", in_library=False),
            message=f"The rule {rule.slug} failed on this file ({what}), which is an error of tapelens' own: "
            "please report it. All other rules have looked.",
            seen="source",
        )


def with_fix(told: Finding, text: str) -> Finding:
    """A finding with the change of its file that its rule offers, if there is one for this text."""
    rule = next((rule for rule in RULES if rule.slug == told.rule), None)
    offer = fixer(rule) if rule is not None and told.fix is None else None
    if offer is None:
        return told
    try:
        return dataclasses.replace(told, fix=offer(told, text))
    except Exception:  # a finding without its fix is better than none
        log.warning("the fix of %s failed on %s", told.rule, told.site.path, exc_info=True)
        return told


def unread(path: str, error: SyntaxError | OSError) -> Finding:
    """The one finding of a file that cannot be read or parsed."""
    line = getattr(error, "lineno", None) or 1
    return finding(
        syntax_error.RULE,
        at=Site(path=path, line=line, function="<module>", in_library=False),
        span=_span(error) if isinstance(error, SyntaxError) else None,
        message=f"{_why(error)}. Nothing in this file was looked at.",
        seen="source",
    )


def _why(error: SyntaxError | OSError) -> str:
    if isinstance(error, OSError):
        return f"The file cannot be read: {error.strerror}"
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    where = "on from here" if error.lineno else "this file"
    return f"{version}, which tapelens runs on, cannot read {where}: {error.msg}"


def _span(error: SyntaxError) -> Span | None:
    if not error.lineno or not error.offset or error.offset < 1:
        return None
    line = error.lineno
    ends = error.end_lineno == line and error.end_offset is not None and error.end_offset > error.offset
    end_column = error.end_offset if ends and error.end_offset is not None else error.offset + 1
    return Span(line=line, column=error.offset, end_line=line, end_column=end_column)
