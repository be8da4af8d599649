"""The lines' tap on ``sys.monitoring``: what it watches, and that it leaves nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from interpreters import interpreter
from probe.timeline.elsewhere import told_by

SCRIPT = Path(__file__).parent / "monitored.py"


@cache
def told() -> dict[str, str]:
    return told_by(interpreter("newer"), SCRIPT)


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
