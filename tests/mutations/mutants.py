"""Sound programs, and what each becomes when one line is deleted or changed.

A line of a program says how: ``# mutate: NEW LINE -> RULE at NAME`` (``remove`` deletes it), where ``# line: NAME``
names the line at fault and ``here`` is the changed line itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
_MUTATE = re.compile(r"  # mutate: (?P<new>.+) -> (?P<rule>[\w-]+) at (?P<at>\w+)$")
_NAME = re.compile(r"  # line: (?P<name>\w+)$")


@dataclass(frozen=True)
class Mutant:
    """A program with one fault.

    Attributes:
        name: The program's name and the number of the changed line.
        text: What it has become.
        rule: The fault.
        line: Where it is, in the text.
    """

    name: str
    text: str
    rule: str
    line: int


def sound(program: Path) -> str:
    """The program as it is, without marks."""
    return "\n".join(map(_bare, program.read_text().splitlines())) + "\n"


def mutants(program: Path) -> Iterator[Mutant]:
    """One for each line that says how it is mutated."""
    lines = program.read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        mark = _MUTATE.search(line)
        if mark is None:
            continue
        indent = line[: len(line) - len(line.lstrip())]
        removed = mark["new"] == "remove"
        changed = [*lines[: number - 1], *([] if removed else [indent + mark["new"]]), *lines[number:]]
        at = number if mark["at"] == "here" else _line_of(changed, mark["at"])
        name = f"{program.stem}:{number}"
        yield Mutant(name=name, text="\n".join(map(_bare, changed)) + "\n", rule=mark["rule"], line=at)


def _line_of(lines: list[str], name: str) -> int:
    (found,) = (
        number for number, line in enumerate(lines, start=1) if (mark := _NAME.search(line)) and mark[1] == name
    )
    return found


def _bare(line: str) -> str:
    return _NAME.sub("", _MUTATE.sub("", line))
