"""Every scenario, live: the findings are its marks, and the program does the same as without us."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.runner import HERE, expected, programs, run


@pytest.mark.parametrize("program", programs(), ids=lambda path: str(path.relative_to(HERE)))
def test_findings_are_the_marks_and_the_program_is_undisturbed(program: Path):
    watched = run(program, taps=True)
    assert watched.faults == ()
    assert watched.findings == expected(program), watched.printed
    alone = run(program, taps=False)
    assert (watched.raised, watched.state) == (alone.raised, alone.state)
    assert watched.printed == alone.printed
