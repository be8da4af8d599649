"""``FILE:LINE[:CONDITION]``: read, and held against the file before anything is started."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

from ..errors import UsageError
from ..sessions.interface import Breakpoint

FORM = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<condition>.*))?", re.DOTALL)


def read_breakpoint(text: str) -> Breakpoint:
    """A breakpoint as it is written on the command line.

    Raises:
        UsageError: It has another form, its file or line is not there, or its condition is no expression.
    """
    parts = FORM.fullmatch(text)
    if parts is None:
        raise UsageError(f"--break takes FILE:LINE or FILE:LINE:CONDITION, such as train.py:12:step==3, not {text!r}.")
    path = Path(parts["file"]).absolute()
    line = int(parts["line"])
    condition = (parts["condition"] or "").strip() or None
    _check_file(path, parts["file"])
    _check_line(path, line)
    if condition is not None:
        _check_condition(condition)
    return Breakpoint(path=path, line=line, condition=condition)


def effective_line(path: Path, line: int) -> int | None:
    """The first line from ``line`` on where the program can stop; None for none.

    A debugger moves a breakpoint on a comment down to it. Where the file cannot be compiled here
    (it may be written for another Python), ``line`` itself.
    """
    lines = stoppable_lines(path)
    return line if lines is None else min((each for each in lines if each >= line), default=None)


def stoppable_lines(path: Path) -> set[int] | None:
    """Lines that have code of their own, None where the file does not compile here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the program will give its own
            code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
    return {line for each in _code_objects(code) for _, _, line in each.co_lines() if line}


def _code_objects(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_objects(constant)


def _check_file(path: Path, written: str) -> None:
    if path.is_dir():
        raise UsageError(f"--break {written} is a folder: name a Python file in it.")
    if not path.is_file():
        raise UsageError(f"--break {written}: there is no such file.")


def _check_line(path: Path, line: int) -> None:
    if line < 1:
        raise UsageError(f"--break {path.name}:{line}: lines count from 1.")
    if effective_line(path, line) is None:
        raise UsageError(f"--break {path.name}:{line}: there is no code to stop at on this line or after it.")


def _check_condition(condition: str) -> None:
    try:
        ast.parse(condition, mode="eval")
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"--break's condition {condition!r} is no Python expression: {reason}.") from error
