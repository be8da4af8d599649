"""Findings as text, each with its source and carets below what is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ..wire.findings import Finding
from ..wire.sites import Site, Span
from .excerpt import excerpt
from .places import code_span, shown_path, span_of
from .text import SEVERITY_STYLES
from .wording import counted, listed, printable

LINES_BEFORE = 2
LINES_AFTER = 1
LINES_MARKED = 6
"""Of a stretch of many lines, those that are shown."""

TAB = 4


class FindingsText:
    """Prints findings one after the other.

    Args:
        console: Where to; coloured on a terminal.
        root: The folder that paths are named from.
    """

    def __init__(self, console: Console, *, root: Path) -> None:
        self._console = console
        self._root = root

    def finding(self, finding: Finding) -> None:
        """What a rule says, the source that it means, and the places that it speaks of."""
        style = SEVERITY_STYLES[finding.severity]
        self._line((finding.severity, style), (f"[{finding.rule}]", style), f": {finding.message}")
        self._place(finding.site, span_of(finding), style, before=LINES_BEFORE, after=LINES_AFTER)
        for related in finding.related:
            self._line(("note", "bold cyan"), f": {related.message}")
            self._place(related.site, code_span(related.site), "bold cyan")
        for fact in finding.facts:
            self._line(("  = ", "bold blue"), f"{fact.name}: {fact.value}")
        if finding.fix is not None:
            self._line(("help", "bold green"), f": {finding.fix.title}")
        self._line()

    def _place(self, site: Site, span: Span | None, style: str, *, before: int = 0, after: int = 0) -> None:
        column = "" if span is None else f":{span.column}"
        where = f"{shown_path(site.path, self._root)}:{site.line}{column}"
        inside = "" if site.function in {"", "<module>"} else f" in {site.function}"
        last = site.line if span is None else min(span.end_line, span.line + LINES_MARKED - 1)
        found = excerpt(site.path, site.line, before=before, after=max(last - site.line, 0) + after)
        width = len(str(found.first_line + max(len(found.lines) - 1, 0)))
        self._line((f"{'':{width}}--> ", "bold blue"), where, inside)
        if not found.lines or span is None:
            return
        bar = (f"{'':{width}} |", "bold blue")
        self._line(bar)
        for number, text in enumerate(found.lines, found.first_line):
            shown = printable(text.expandtabs(TAB))
            self._line(
                (f"{number:>{width}} | ", "bold blue") if shown else (f"{number:>{width}} |", "bold blue"), shown
            )
            if span.line <= number <= last and (marked := _carets(text, number, span)):
                self._line(bar, " ", (marked, style))
        self._line(bar)

    def _line(self, *parts: str | tuple[str, str]) -> None:
        plain = [printable(each) if isinstance(each, str) else (printable(each[0]), each[1]) for each in parts]
        self._console.print(Text.assemble(*plain), soft_wrap=True)


def summary(
    findings: Sequence[Finding], *, files: int, hidden: int = 0, silenced: int = 0, known: int = 0, unmet: int = 0
) -> list[str]:
    """What was found in how many files, and what is not shown, in a sentence each."""
    sentences: list[str] = []
    if findings:
        rules = Counter(finding.rule for finding in findings)
        by_rule = listed([f"{count} {rule}" for rule, count in rules.most_common()], at_most=6)
        places = len({finding.site.path for finding in findings})
        sentences.append(f"{counted(len(findings), 'finding')} in {places} of {counted(files, 'file')}: {by_rule}.")
    else:
        sentences.append(f"Nothing found in {counted(files, 'file')}.")
    left_out = [
        (hidden, "of severity information (--all shows them)"),
        (silenced, "silenced by comments"),
        (known, "known from the baseline"),
    ]
    if parts := [f"{count} {what}" for count, what in left_out if count]:
        sentences.append(f"Not shown: {listed(parts)}.")
    if unmet:
        verb, them = ("is", "it was") if unmet == 1 else ("are", "they were")
        sentences.append(
            f"{counted(unmet, 'entry') if unmet == 1 else f'{unmet} entries'} of the baseline {verb} no longer found: "
            f"{them} mended, or the line has changed; --write-baseline makes it anew."
        )
    return sentences


def _carets(text: str, number: int, span: Span) -> str:
    """Carets below the stretch of one line that a span covers."""
    code = text.rstrip()
    first = span.column - 1 if number == span.line else len(code) - len(code.lstrip())
    last = min(span.end_column - 1, len(code)) if number == span.end_line else len(code)
    before = cell_len(printable(text[:first].expandtabs(TAB)))
    whole = cell_len(printable(text[: max(last, first)].expandtabs(TAB)))
    return " " * before + "^" * max(whole - before, 1 if number == span.line else 0)
