"""Every scenario, live: the findings are its marks, and the program does the same as without us."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.runner import HERE, expected, programs, run
from torch_features import KEEPS_SAVED

_NEEDS_SAVED = "stale-graph-backward"
"""Told from what nodes saved."""


@pytest.mark.parametrize("program", programs(), ids=lambda path: str(path.relative_to(HERE)))
def test_findings_are_the_marks_and_the_program_is_undisturbed(program: Path):
    watched = run(program, taps=True)
    assert watched.faults == ()
    known = tuple(mark for mark in expected(program) if not (KEEPS_SAVED and mark[1] == _NEEDS_SAVED))
    assert watched.findings == known, watched.printed
    alone = run(program, taps=False)
    assert (watched.raised, watched.state) == (alone.raised, alone.state)
    assert watched.printed == alone.printed
