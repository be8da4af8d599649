"""``FILE:LINE[:CONDITION]``: read, and held against the file before anything is started."""

from __future__ import annotations

import ast
import re
import tokenize
import warnings
from collections.abc import Iterator
from dis import findlinestarts
from pathlib import Path
from types import CodeType

from ..errors import UsageError
from ..report.wording import listed
from ..sessions.interface import Breakpoint

TRIVIA = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}

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


def effective_line(path: Path, line: int) -> int:
    """Where a debugger stops for a line: the line itself, or the last one before it that code begins on.

    Where the file cannot be compiled here (it may be written for another Python), ``line`` itself.

    Source:
        ``PyDevdAPI.add_breakpoint`` moves a breakpoint to "the first preceding valid line".
    """
    return max((each for each in lines_with_code(path) or () if each <= line), default=line)


def lines_with_code(path: Path) -> set[int] | None:
    """Lines that code begins on, None where the file does not compile here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the program will give its own
            code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
    return {line for each in _code_objects(code) for _, line in findlinestarts(each) if line}


def _code_objects(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_objects(constant)


def _lines_with_text(path: Path) -> set[int]:
    """Lines that hold more than blanks and comments."""
    with path.open("rb") as file:
        tokens = [each for each in tokenize.tokenize(file.readline) if each.type not in TRIVIA]
    return {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}


def _check_file(path: Path, written: str) -> None:
    if path.is_dir():
        raise UsageError(f"--break {written} is a folder: name a Python file in it.")
    if not path.is_file():
        raise UsageError(f"--break {written}: there is no such file.")


def _check_line(path: Path, line: int) -> None:
    if line < 1:
        raise UsageError(f"--break {path.name}:{line}: lines count from 1.")
    code = lines_with_code(path)
    if code is None or line in code or line in _lines_with_text(path):
        return
    near = [max((each for each in code if each < line), default=None), min((e for e in code if e > line), default=None)]
    told = listed([str(each) for each in near if each is not None])
    hint = f"the nearest with code: {told}" if told else "the file has none"
    raise UsageError(f"--break {path.name}:{line}: there is no code to stop at on this line; {hint}.")


def _check_condition(condition: str) -> None:
    try:
        ast.parse(condition, mode="eval")
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"--break's condition {condition!r} is no Python expression: {reason}.") from error
