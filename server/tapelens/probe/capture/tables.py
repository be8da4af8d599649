"""Strings, shapes and sites, each kept once and named by its row."""

from __future__ import annotations

from ...wire.sites import Site

NONE = -1
"""The row that says none, or not shown."""


class Strings:
    """Interned strings."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def row(self, text: str | None) -> int:
        """The string's row; -1 for None."""
        return NONE if text is None else self._rows.setdefault(text, len(self._rows))

    def rows(self, texts: list[str] | list[str | None]) -> tuple[int, ...]:
        """The rows of many strings, of which few differ."""
        known = {text: self.row(text) for text in dict.fromkeys(texts)}
        return tuple([known[text] for text in texts])

    def table(self) -> tuple[str, ...]:
        """All strings, by row. What JSON cannot carry (a lone surrogate) is escaped."""
        return tuple(text.encode("utf-8", "backslashreplace").decode() for text in self._rows)


class Shapes:
    """Interned shapes; one that is not all numbers (symbolic) has no row."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, ...], int] = {}

    def row(self, shape: tuple[int, ...] | None) -> int:
        """The shape's row; -1 for None."""
        if shape is None:
            return NONE
        try:
            known = self._rows.get(shape)
        except TypeError:  # a symbol has no hash
            return NONE
        if known is None:
            if any(type(size) is not int for size in shape):
                return NONE
            known = self._rows[shape] = len(self._rows)
        return known

    def rows(self, shapes: list[tuple[int, ...] | None]) -> tuple[int, ...]:
        """The rows of many shapes, of which few differ."""
        try:
            known = {shape: self.row(shape) for shape in dict.fromkeys(shapes)}
            return tuple([known[shape] for shape in shapes])
        except TypeError:  # a symbol has no hash
            return tuple(map(self.row, shapes))

    def table(self) -> tuple[tuple[int, ...], ...]:
        """All shapes, by row."""
        return tuple(self._rows)


class Sites:
    """Interned sites."""

    def __init__(self) -> None:
        self._rows: dict[Site, int] = {}

    def row(self, site: Site | None) -> int:
        """The site's row; -1 for None."""
        return NONE if site is None else self._rows.setdefault(site, len(self._rows))

    def table(self) -> tuple[Site, ...]:
        """All sites, by row."""
        return tuple(self._rows)
