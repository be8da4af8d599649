"""Places in a program's source, as they cross a process boundary."""

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place in the user's program.

    Attributes:
        path: Absolute path of the source file, as the debuggee names it.
        line: Line number, counted from 1.
        function: Qualified name of the function, or ``<module>``.
        in_library: No frame of the user's own code was on the stack.
    """

    path: str
    line: int
    function: str
    in_library: bool

    @property
    def place(self) -> str:
        """In short: ``train.py:12``."""
        return f"{PurePath(self.path).name}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of source text.

    Attributes:
        line: First line, counted from 1.
        column: First column, counted from 1, in characters.
        end_line: Last line, counted from 1.
        end_column: Column after the last character, counted from 1.
    """

    line: int
    column: int
    end_line: int
    end_column: int
