"""Between our words and LSP's: lines from 1 and from 0, characters and UTF-16, paths and URIs, findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from ..report.pages import page_file
from ..wire.findings import Finding, Severity
from ..wire.sites import Site, Span

SOURCE = "tapelens"

_SEVERITY: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True, kw_only=True)
class Shows:
    """What a client shows of a diagnostic.

    Attributes:
        related: Other places, each with a sentence.
        page: A link behind the rule's name.
        tags: Such as fading out what is not needed.
    """

    related: bool = False
    page: bool = False
    tags: Sequence[types.DiagnosticTag] = ()


END_OF_LINE = 2**31 - 1
"""LSP clients take a character past the end for the line's end."""


def path_of(uri: str) -> str | None:
    """The file that a ``file:`` URI names, None for any other."""
    return uris.to_fs_path(uri)


def uri_of(path: str) -> str | None:
    """The ``file:`` URI of a path, None for what is no absolute path (``<stdin>``)."""
    return uris.from_fs_path(path) if PurePath(path).is_absolute() else None


def is_same_file(one: str, other: str) -> bool:
    """Whether two paths name one file, through links and whatever the case where that means nothing."""
    return one == other or _real(one) == _real(other)


@lru_cache(maxsize=512)
def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def character_at(lines: Sequence[str], position: types.Position, codec: PositionCodec) -> tuple[int, int] | None:
    """Line from 1 and column in characters from 0, None past the document's end."""
    if position.line >= len(lines):
        return None
    found = codec.position_from_client_units(lines, types.Position(position.line, position.character))
    return found.line + 1, found.character


def to_range(
    lines: Sequence[str], codec: PositionCodec, *, line: int, column: int, end_line: int, end_column: int
) -> types.Range:
    """A stretch of a document; lines from 1, columns in characters from 0.

    Where the document's text is not at hand, columns are passed on as they are.
    """

    def position(at_line: int, at_column: int) -> types.Position:
        row = max(at_line - 1, 0)
        if row >= len(lines):
            return types.Position(row, at_column)
        return types.Position(row, codec.client_num_units(lines[row].rstrip("\r\n")[:at_column]))

    return types.Range(start=position(line, column), end=position(end_line, end_column))


def to_diagnostic(
    finding: Finding,
    *,
    lines_of: Callable[[str], Sequence[str]],
    codec: PositionCodec,
    shows: Shows,
) -> types.Diagnostic:
    """A finding at its span, or at the code of its line.

    ``lines_of`` gives the lines of a file, none where it cannot be read. Where the client does not
    show related information, the message tells it.
    """
    where = to_diagnostic_range(finding.site, finding.span, lines_of(finding.site.path), codec)
    message = finding.message
    if finding.count > 1 and not finding.foreseen:
        message = f"{message} (seen {finding.count} times)"
    related = [
        types.DiagnosticRelatedInformation(
            location=types.Location(
                uri=uri, range=to_diagnostic_range(each.site, None, lines_of(each.site.path), codec)
            ),
            message=each.message,
        )
        for each in finding.related
        if (uri := uri_of(each.site.path)) is not None
    ]
    if not shows.related:
        message = "\n".join(
            [message, *(f"{each.site.path}:{each.site.line}: {each.message}" for each in finding.related)]
        )
    return types.Diagnostic(
        range=where,
        message=message,
        severity=types.DiagnosticSeverity.Information if finding.foreseen else _SEVERITY[finding.severity],
        code=finding.rule,
        source=SOURCE,
        related_information=related if related and shows.related else None,
        code_description=types.CodeDescription(href=page.as_uri())
        if shows.page and (page := page_file(finding.rule)) is not None
        else None,
        tags=[types.DiagnosticTag.Unnecessary]
        if finding.rule == "unused-ignore" and types.DiagnosticTag.Unnecessary in shows.tags
        else None,
    )


def span_range(span: Span, lines: Sequence[str], codec: PositionCodec) -> types.Range:
    """A span as LSP counts it."""
    return to_range(
        lines,
        codec,
        line=span.line,
        column=span.column - 1,
        end_line=span.end_line,
        end_column=span.end_column - 1,
    )


def to_diagnostic_range(site: Site, span: Span | None, lines: Sequence[str], codec: PositionCodec) -> types.Range:
    """Where a mark stands: the span, else the line from its first character that is not blank to its last."""
    if span is not None:
        return span_range(span, lines, codec)
    if not 1 <= site.line <= len(lines):
        row = max(site.line - 1, 0)
        return types.Range(start=types.Position(row, 0), end=types.Position(row, END_OF_LINE))
    text = lines[site.line - 1]
    first = len(text) - len(text.lstrip())
    return to_range(
        lines, codec, line=site.line, column=first, end_line=site.line, end_column=max(first, len(text.rstrip()))
    )
