"""The text of files that findings lie in, read once for each state of a file."""

from __future__ import annotations

from pathlib import Path

from ..source.file import decode, lines_of
from .suppressions import Suppression, read_suppressions

LARGEST_FILE_BYTES = 4 * 1024 * 1024


class Texts:
    """Files as they are now, or as an editor has them open."""

    def __init__(self) -> None:
        self._opened: dict[str, str] = {}
        self._read: dict[str, tuple[tuple[int, int], str]] = {}
        self._suppressions: dict[str, tuple[str, tuple[Suppression, ...]]] = {}

    def open(self, path: str, text: str) -> None:
        """An editor's text stands in place of the file's."""
        self._opened[path] = text

    def close(self, path: str) -> None:
        """The file on disk counts again."""
        self._opened.pop(path, None)

    def text(self, path: str) -> str:
        """A file's text; empty where it is not here, too large, or no text."""
        if path in self._opened:
            return self._opened[path]
        try:
            found = Path(path).stat()
            state = (found.st_mtime_ns, found.st_size)
            known = self._read.get(path)
            if known is None or known[0] != state:
                text = decode(Path(path).read_bytes()) if found.st_size <= LARGEST_FILE_BYTES else ""
                known = self._read[path] = (state, text)
        except (OSError, SyntaxError, ValueError):  # gone, an unknown coding, a path that is none
            return ""
        return known[1]

    def line(self, path: str, line: int) -> str:
        """The text of a line, empty where there is none."""
        lines = lines_of(self.text(path))
        return lines[line - 1] if 1 <= line <= len(lines) else ""

    def suppressions(self, path: str) -> tuple[Suppression, ...]:
        """The comments in a file that silence rules."""
        text = self.text(path)
        known = self._suppressions.get(path)
        if known is None or known[0] is not text:
            known = self._suppressions[path] = (text, read_suppressions(text))
        return known[1]
