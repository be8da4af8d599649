from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import tapelens
from interpreters import newer_python
from probe.timeline.marks import PROGRAMS, Row, marked, told

BUNDLE = Path(tapelens.__file__).parent
RUNNER = Path(__file__).parent / "runner.py"
ALL = sorted(PROGRAMS.glob("*.py"))


@cache
def run_all(python: Path) -> dict[str, list[Row]]:
    done = subprocess.run(
        [python, RUNNER, BUNDLE, *ALL],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("program", ALL, ids=lambda program: program.stem)
@pytest.mark.parametrize("which", ["this", "newer"])
def test_every_node_is_told_of_the_line_that_made_it(which: str, program: Path):
    python = Path(sys.executable) if which == "this" else newer_python()
    if python is None:
        pytest.skip("no Python from 3.12 on with a torch here")
    expected = marked(program)
    assert told(run_all(python)[str(program)], expected) == expected
