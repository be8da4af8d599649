from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from interpreters import Which, interpreter
from probe.timeline.elsewhere import told_by
from probe.timeline.marks import PROGRAMS, Row, marked, told

RUNNER = Path(__file__).parent / "runner.py"
ALL = sorted(PROGRAMS.glob("*.py"))


@cache
def run_all(python: Path) -> dict[str, list[Row]]:
    return told_by(python, RUNNER, *ALL)


@pytest.mark.parametrize("program", ALL, ids=lambda program: program.stem)
@pytest.mark.parametrize("which", ["this", "newer"])
def test_every_node_is_told_of_the_line_that_made_it(which: Which, program: Path):
    expected = marked(program)
    assert told(run_all(interpreter(which))[str(program)], expected) == expected
