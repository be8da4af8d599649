"""Programs whose lines say which nodes they make.

``# makes: AddmmBackward0@layers.0, MulBackward0 x2`` tells names, the module where it matters, and how
often; ``# makes[unknown]: …`` that no line may be claimed for them.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"

_MARK = re.compile(r"# makes(\[unknown\])?: (.*)$")
_NODE = re.compile(r"(\w+)(@[\w.]*)?(?: x(\d+))?$")

Row = tuple[int, str, str, str]
"""What the runner prints of a node: line, name, module, thread."""

Made = Counter[tuple[int, str, "str | None"]]
"""How many nodes of a name and module a line makes; line 0 is unknown, module None any."""


def marked(program: Path, *, unknown_too: bool = False) -> Made:
    """What the program's lines say; ``unknown_too`` gives the lines also where none may be claimed."""
    made: Made = Counter()
    for number, line in enumerate(program.read_text().splitlines(), start=1):
        if mark := _MARK.search(line):
            for each in mark[2].split(","):
                node = _NODE.match(each.strip())
                assert node, f"{program.name}:{number}: {each!r} is no mark"
                module = None if node[2] is None else node[2][1:]
                made[0 if mark[1] and not unknown_too else number, node[1], module] += int(node[3] or 1)
    return made


def told(rows: list[Row], like: Made) -> Made:
    """What the timeline told, with modules where the marks name them."""
    named = {(line, name) for line, name, module in like if module is not None}
    return Counter((line, name, module if (line, name) in named else None) for line, name, module, _ in rows)
