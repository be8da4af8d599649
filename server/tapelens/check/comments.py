"""The comment that silences a finding, put where it counts."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence

from ..source.file import lines_of
from ..wire.findings import Edit, Finding, Fix
from ..wire.sites import Span
from .suppressions import Suppression


def ignoring(finding: Finding, text: str, comments: Sequence[Suppression]) -> Fix | None:
    """Adds ``# tapelens: ignore[rule]`` behind a finding's statement; None where its line is not there.

    Args:
        finding: In the file whose text this is.
        text: The file's.
        comments: Those that it has already.
    """
    line = finding.site.line
    title = f"Ignore {finding.rule} on this line"
    for comment in comments:
        if comment.covers(line) and comment.rules:
            names = ", ".join([*comment.rules, finding.rule])
            span = Span(line=comment.line, column=comment.column, end_line=comment.line, end_column=comment.end_column)
            return Fix(title=title, edits=(_edit(finding, span, f"# tapelens: ignore[{names}]"),), is_safe=True)
    lines = lines_of(text)
    last = _last_line(text, line)
    if not 1 <= last <= len(lines):
        return None
    column = len(lines[last - 1].rstrip()) + 1
    span = Span(line=last, column=column, end_line=last, end_column=len(lines[last - 1]) + 1)
    return Fix(title=title, edits=(_edit(finding, span, f"  # tapelens: ignore[{finding.rule}]"),), is_safe=True)


def _edit(finding: Finding, span: Span, text: str) -> Edit:
    return Edit(path=finding.site.path, span=span, text=text)


def _last_line(text: str, line: int) -> int:
    """The last line of the statement, or of the head of the block, that a line is part of."""
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NEWLINE:
                if first and first <= line <= token.start[0]:
                    return token.start[0]
                first = 0
            elif not first and token.string.strip() and token.type not in {tokenize.COMMENT, tokenize.NL}:
                first = token.start[0]
    except (tokenize.TokenError, SyntaxError):  # half typed
        pass
    return line
