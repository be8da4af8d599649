"""Lines of the user's, each a small number."""

from __future__ import annotations

import weakref
from types import CodeType

from ...wire.sites import Site
from ..sites import written_site

NOWHERE = -1
_PLACES = 1 << 16

Place = tuple[CodeType | None, int]
"""Code of the user's, None for none, and the line of it that runs; see NOTE [instructions for lines]."""


class _Nowhere(dict[int, int]):
    """What no code of the user's made, at any line."""

    def __missing__(self, _line: int) -> int:
        return NOWHERE


class Places:
    """Lines of the user's, each a small number. No code object is kept.

    Attributes:
        by_code: Numbers by line, by the code's ``id`` for as long as the code lives.
    """

    def __init__(self) -> None:
        self.by_code: dict[int, dict[int, int]] = {id(None): _Nowhere()}
        self._alive: dict[int, weakref.ref[CodeType]] = {}
        self._numbers: dict[tuple[str, int, str], int] = {}
        self._known: list[tuple[str, int, str]] = []

    def number(self, code: CodeType | None, line: int) -> int:
        """The place's number; -1 outside the user's code, and when there are too many.

        NOTE [instructions for lines]: to look a frame's line up takes as long as its code is; where it
        stands costs nothing. So of callers ``~instruction`` is noted, which is below 0, and looked up here
        if they made a node after all.
        """
        if code is None:
            return NOWHERE
        key = (
            code.co_filename,
            _line_of(code, ~line) if line < 0 else line,
            getattr(code, "co_qualname", code.co_name),
        )
        number = self._numbers.get(key)
        if number is None:
            if len(self._known) == _PLACES:
                return NOWHERE
            number = self._numbers[key] = len(self._known)
            self._known.append(key)
        self._lines_of(code)[line] = number
        return number

    def site(self, number: int) -> Site | None:
        """The place as it crosses the wire."""
        return None if number < 0 else written_site(*self._known[number])

    def _lines_of(self, code: CodeType) -> dict[int, int]:
        identity = id(code)
        lines = self.by_code.get(identity)
        if lines is None:
            lines = self.by_code[identity] = {}
            by_code, alive = self.by_code, self._alive

            def forget(_reference: object) -> None:
                by_code.pop(identity, None)
                alive.pop(identity, None)

            alive[identity] = weakref.ref(code, forget)
        return lines


def _line_of(code: CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end:
            return line or code.co_firstlineno
    return code.co_firstlineno
