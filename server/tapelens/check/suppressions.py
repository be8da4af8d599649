"""Comments that silence a rule where they stand: ``# tapelens: ignore[rule, other-rule]``.

A comment counts for the whole statement that it stands in or behind, over all of its lines; for one that
opens a block (``for``, ``with``, ``def``) that is its head. One that has a line to itself counts for the
statement below it.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MARK = re.compile(r"#\s*tapelens:\s*ignore\b(?:\s*\[(?P<rules>[^\]]*)\])?")

_BETWEEN = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT})


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """One such comment.

    Attributes:
        rules: What it names, as it is written; empty when it names none.
        line: Its own line, from 1.
        column: Where it begins, from 1, in characters.
        end_column: Behind its last character, from 1.
        first_line: First line that it counts for.
        last_line: Last line that it counts for.
    """

    rules: tuple[str, ...]
    line: int
    column: int
    end_column: int
    first_line: int
    last_line: int

    def covers(self, line: int) -> bool:
        """Whether it counts for a line."""
        return self.first_line <= line <= self.last_line


def read_suppressions(text: str) -> tuple[Suppression, ...]:
    """The comments of a file; of one that is half typed, those before what cannot be read."""
    if "tapelens:" not in text:  # most files: tokenizing is slow
        return ()
    found: list[Suppression] = []
    for comments, first_line, last_line in _statements(text):
        for comment in comments:
            (line, start) = comment.start
            found.extend(
                Suppression(
                    rules=_names(mark["rules"]),
                    line=line,
                    column=start + mark.start() + 1,
                    end_column=start + mark.end() + 1,
                    first_line=min(first_line, line),
                    last_line=max(last_line, line),
                )
                for mark in MARK.finditer(comment.string)
            )
    return tuple(found)


def _statements(text: str) -> Iterator[tuple[Sequence[tokenize.TokenInfo], int, int]]:
    """The comments of each logical line with its first and last line, those above it among them."""
    comments: list[tokenize.TokenInfo] = []
    first_line = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                comments.append(token)
            elif token.type == tokenize.NEWLINE:
                yield comments, first_line, token.start[0]
                comments, first_line = [], 0
            elif not first_line and token.type not in _BETWEEN:
                first_line = token.start[0]
    except (tokenize.TokenError, SyntaxError):  # half typed
        pass
    if comments:  # nothing whole follows: each stands for its own line
        for comment in comments:
            yield [comment], comment.start[0], comment.start[0]


def _names(written: str | None) -> tuple[str, ...]:
    return tuple(name for each in (written or "").split(",") if (name := each.strip()))
