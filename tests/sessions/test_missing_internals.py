"""A debugger whose internals are not where the probe looks: what is seen is asked for, and nothing breaks."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sessions.drive import DEADLINE_S, OTHER_PYTHON, marked_lines
from sessions.listening import DEBUGPY, attached, line_out
from tapelens.sessions.interface import Breakpoint
from tapelens.wire.commands import Arm
from tapelens.wire.processes import Hello

PROGRAM = Path(__file__).parent / "programs" / "hidden_internals.py"


async def test_stops_are_counted_and_asked_for_and_what_is_missing_is_said():
    process = await asyncio.create_subprocess_exec(
        *(OTHER_PYTHON or sys.executable, str(PROGRAM), str(Path(DEBUGPY).parent)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
    )
    try:
        port = int(await line_out(process))
        assert await line_out(process) == "went on\n"
        place = Breakpoint(path=PROGRAM, line=marked_lines(PROGRAM)["backward"])
        async with attached(port, place, pause_on=["all"]) as run:
            for count in range(1, 5):
                stop = await run.next_stop()
                assert stop.snapshot is not None
                assert (stop.reason, stop.snapshot.stop) == ("breakpoint", count)
                assert len(stop.snapshot.nodes.key) > 0
                await run.session.act("continue")
            assert [each.rule for each in run.store.findings(run.session.id)] == ["missing-zero-grad"]
            assert {each.stop for each in run.store.gradients(run.session.id)} == {1, 2, 3}
            assert run.store.faults(run.session.id) == ()
            (hello,) = (await run.session.ask_probe(Arm(kind="arm", on=True))).messages
            assert isinstance(hello, Hello)
            told = "\n".join(hello.missing)
            for part in (
                "the debugger's suspension: snapshots are asked for instead of pushed",
                "the program cannot be paused at a finding",
                "the debugger's file filter",
                "the debugger's presentation of values",
            ):
                assert part in told
        assert await line_out(process) == "went on\n"
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.communicate(), DEADLINE_S)
