"""Changes of source that findings bring: put into the text, or shown as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator

from ..source.file import whole_lines
from ..wire.findings import Edit, Finding, Fix
from ..wire.sites import Span

MOST_ROUNDS = 10
"""A fix may bring out the next fault; it ends somewhere."""


def applied(text: str, fixes: Iterable[Fix], *, path: str) -> tuple[str, list[int]]:
    """The text with the fixes in it, and the places in ``fixes`` of those that went in.

    A fix goes in whole or not at all: one that overlaps with an earlier one, or that changes another
    file, stays out.
    """
    lines = whole_lines(text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    taken: list[tuple[int, int, str]] = []
    went_in: list[int] = []
    for number, fix in enumerate(fixes):
        places = [_place(edit, starts) for edit in fix.edits if edit.path == path]
        if len(places) == len(fix.edits) and not any(_overlap(each, other) for each in places for other in taken):
            taken.extend(places)
            went_in.append(number)
    for start, end, new in sorted(taken, reverse=True):
        text = text[:start] + new + text[end:]
    return text, went_in


def fixed(
    text: str, look: Callable[[str], Iterable[Finding]], *, path: str, unsafe: bool = False
) -> tuple[str, list[Finding]]:
    """The text after all fixes that may be applied, and the findings that they were for.

    Args:
        text: What the file holds.
        look: Gives the findings of such a text, with their fixes.
        path: The file's.
        unsafe: Those that change more than what the rule names, too.
    """
    done: list[Finding] = []
    for _ in range(MOST_ROUNDS):
        offers = [(finding, fix) for finding in look(text) if (fix := finding.fix) is not None]
        wanted = [(finding, fix) for finding, fix in offers if unsafe or fix.is_safe]
        text, taken = applied(text, [fix for _, fix in wanted], path=path)
        if not taken:
            break
        done.extend(wanted[number][0] for number in taken)
    return text, done


def diff(before: str, after: str, *, path: str) -> Iterator[str]:
    """Unified, line by line, as ``git apply`` takes it."""
    yield from difflib.unified_diff(whole_lines(before), whole_lines(after), fromfile=f"a/{path}", tofile=f"b/{path}")


def _place(edit: Edit, starts: list[int]) -> tuple[int, int, str]:
    return _offset(edit.span, starts, end=False), _offset(edit.span, starts, end=True), edit.text


def _offset(span: Span, starts: list[int], *, end: bool) -> int:
    line, column = (span.end_line, span.end_column) if end else (span.line, span.column)
    return starts[min(line - 1, len(starts) - 1)] + column - 1


def _overlap(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    if one[0] == other[0]:
        return True
    return one[0] < other[1] and other[0] < one[1]
