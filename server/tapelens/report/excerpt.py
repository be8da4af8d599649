"""A few lines of source around a place."""

from __future__ import annotations

import tokenize
from pathlib import Path

from ..source.file import lines_of
from ..wire.panel import SourceExcerpt

LARGEST_FILE_BYTES = 4 * 1024 * 1024


def excerpt(path: str, line: int, *, before: int = 7, after: int = 7) -> SourceExcerpt:
    """The lines around one; no lines where the file is not here, too large, or no text."""
    nothing = SourceExcerpt(path=path, first_line=max(line, 1), lines=())
    try:
        if not Path(path).is_file() or Path(path).stat().st_size > LARGEST_FILE_BYTES:
            return nothing
        with tokenize.open(path) as file:
            lines = lines_of(file.read().removesuffix("\n"))
    except (OSError, SyntaxError, ValueError):  # gone, an unknown coding cookie, bytes that do not decode
        return nothing
    if not 1 <= line <= len(lines):
        return nothing
    first = max(1, line - before)
    return SourceExcerpt(path=path, first_line=first, lines=tuple(lines[first - 1 : line + after]))
