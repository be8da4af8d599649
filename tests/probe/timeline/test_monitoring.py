"""The lines' tap on ``sys.monitoring``: what it watches, and that it leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

import tapelens
from interpreters import newer_python

BUNDLE = Path(tapelens.__file__).parent
SCRIPT = Path(__file__).parent / "monitored.py"


@cache
def told() -> dict[str, str]:
    python = newer_python()
    if python is None:
        pytest.skip("no Python from 3.12 on with a torch here")
    done = subprocess.run(
        [python, SCRIPT, BUNDLE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "check",
    [
        "begun_generator",
        "restarted_events",
        "taken_tools",
        "nothing_left",
        "switched_off",
        "code_is_let_go",
        "library_code_is_not_watched",
        "a_thread_that_runs_already",
        "deep_recursion",
        "none_is_moved",
    ],
)
def test_the_monitored_program_is_a_hosts(check: str):
    assert told()[check] == ""
