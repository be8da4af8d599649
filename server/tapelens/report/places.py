"""How places in files are named in a report: from the folder that the command runs in."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from urllib.parse import quote

from ..wire.findings import Finding
from ..wire.sites import Site, Span
from .excerpt import excerpt


def shown_path(path: str, root: Path) -> str:
    """A path below ``root`` without it, any other whole."""
    inside = _below(path, root)
    return path if inside is None else str(inside)


def uri_path(path: str, root: Path) -> tuple[str, bool]:
    """A path as a URI, and whether it is relative to ``root``."""
    inside = _below(path, root)
    if inside is not None:
        return quote(inside.as_posix()), True
    return (Path(path).as_uri(), False) if PurePath(path).is_absolute() else (quote(path), False)


def span_of(finding: Finding) -> Span | None:
    """Where a finding stands: its own span, or its line's code where the file can be read."""
    return finding.span or code_span(finding.site)


def code_span(site: Site) -> Span | None:
    """The code of a line, from its first character that is not blank; None where it cannot be read."""
    lines = excerpt(site.path, site.line, before=0, after=0).lines
    if not lines or not lines[0].strip():
        return None
    text = lines[0]
    first = len(text) - len(text.lstrip())
    return Span(line=site.line, column=first + 1, end_line=site.line, end_column=len(text.rstrip()) + 1)


def line_of(path: str, line: int) -> str:
    """The text of a line of a file, empty where there is none."""
    lines = excerpt(path, line, before=0, after=0).lines
    return lines[0] if lines else ""


def _below(path: str, root: Path) -> PurePath | None:
    for place, top in ((path, str(root)), (os.path.realpath(path), os.path.realpath(root))):
        if PurePath(place).is_relative_to(top):
            return PurePath(place).relative_to(top)
    return None
