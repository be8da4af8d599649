"""Law 1 over the whole path: a program computes the same with the probe as without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sessions.drive import driven, marked_lines

PROGRAM = Path(__file__).parent / "programs" / "tells_all.py"


def run_plain() -> str:
    ran = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=120, check=False, cwd=PROGRAM.parent
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


async def test_a_program_prints_the_same_with_a_capture_at_every_stop_as_without():
    expected = run_plain()
    async with driven(PROGRAM, stops=list(marked_lines(PROGRAM).values())) as run:
        await run.run_to_end()
        stops = run.store.stops(run.session.id)
        assert run.store.faults(run.session.id) == ()
        assert run.store.findings(run.session.id) == ()
    assert len(stops) == 15
    assert len(run.store.gradients(run.session.id)) >= 5
    assert run.printed == expected
