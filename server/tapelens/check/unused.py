"""Comments that silence nothing: what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from ..rules import unused_ignore
from ..rules.catalogue import RULES
from ..rules.model import Rule
from ..wire.findings import Edit, Finding, Fix, Severity
from ..wire.sites import Site, Span
from .judge import Judge
from .suppressions import Suppression

_HOUSEHOLD = frozenset({"syntax-error", "probe-fault"})


def unused_ignores(path: str, judge: Judge) -> Iterator[Finding]:
    """Findings on a file's comments, once everything else of it has been judged."""
    for comment in judge.texts.suppressions(path):
        if not comment.rules:
            message = "This comment names no rule, so it silences none: write ignore[RULE]."
            yield _finding(path, comment, message, None, text="")
        for name in comment.rules:
            told = _told(name, path, comment, judge)
            if told is not None:
                yield _finding(path, comment, *told, text=judge.texts.line(path, comment.line))


def _told(name: str, path: str, comment: Suppression, judge: Judge) -> tuple[str, Severity | None] | None:
    """What is to be said of a name in a comment, and how loud when not as usual."""
    rules = {rule.slug: rule for rule in RULES}
    if name not in rules:
        close = get_close_matches(name, rules, n=1, cutoff=0.4)
        hint = f": did you mean {close[0]}?" if close else ": `tapelens rules` lists them."
        return f"There is no rule {name!r}{hint}", None
    if (path, comment, name) in judge.used or not judge.wants(name, path) or name == unused_ignore.RULE.slug:
        return None
    if name in _HOUSEHOLD:
        return f"No comment silences {name}: it is said of the file as a whole.", None
    return _of_rule(rules[name])


def _of_rule(rule: Rule) -> tuple[str, Severity | None] | None:
    if rule.source is None:
        return None  # only a run can tell
    if rule.runtime is None:
        return f"{rule.slug} finds nothing here: remove the comment.", None
    return f"{rule.slug} finds nothing here in the source; a run may still.", "information"


def _finding(path: str, comment: Suppression, message: str, severity: Severity | None, *, text: str) -> Finding:
    is_useless = len(comment.rules) == 1 and severity is None and "did you mean" not in message
    return Finding(
        kind="finding",
        rule=unused_ignore.RULE.slug,
        severity=severity or unused_ignore.RULE.severity,
        message=message,
        site=Site(path=path, line=comment.line, function="<module>", in_library=False),
        span=Span(line=comment.line, column=comment.column, end_line=comment.line, end_column=comment.end_column),
        related=(),
        facts=(),
        fix=_removal(path, comment, text) if is_useless else None,
        seen="source",
        foreseen=False,
        stop=0,
        count=1,
    )


def _removal(path: str, comment: Suppression, text: str) -> Fix | None:
    """The comment taken out; None where words follow that belong to it."""
    before, after = text[: comment.column - 1], text[comment.end_column - 1 :]
    if after.strip() and not after.lstrip().startswith("#"):
        return None
    start, end, end_line = len(before.rstrip()) + 1, len(text) + 1, comment.line
    if after.strip():
        start, end = comment.column, comment.end_column + len(after) - len(after.lstrip())
    elif not before.strip():
        start, end, end_line = 1, 1, comment.line + 1
    span = Span(line=comment.line, column=start, end_line=end_line, end_column=end)
    return Fix(title="Remove the comment", edits=(Edit(path=path, span=span, text=""),), is_safe=True)
