"""The timeline beside the debugger: the same programs, the same marks, with stops and steps in between."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import pytest

from interpreters import newer_python
from probe.timeline.marks import PROGRAMS, Row, marked, told
from sessions.drive import DEADLINE_S, Driven, configuration
from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint, Launch
from tapelens.store.sessions import Store

RUNNER = Path(__file__).parents[1] / "probe" / "timeline" / "runner.py"
ALL = sorted(PROGRAMS.glob("*.py"))


async def run(*, stops: dict[Path, list[int]], steps: int = 0) -> dict[str, list[Row]]:
    """What the runner tells of all programs; at each stop some steps are made."""
    python = newer_python()
    if python is None:
        pytest.skip("no Python from 3.12 on with a torch here")
    driven = Driven(Store())
    launch = Launch(
        program=RUNNER,
        args=["-", *map(str, ALL)],
        cwd=RUNNER.parent,
        python=python,
        breakpoints=[Breakpoint(path=path, line=line, condition=None) for path in stops for line in stops[path]],
    )
    opening = DirectSession.launch(
        launch,
        driven.store,
        configuration=configuration(),
        on_output=lambda category, text: driven.output.append((category, text)),
    )
    driven.session = await asyncio.wait_for(opening, DEADLINE_S)
    try:
        ended = asyncio.create_task(driven.session.wait_ended())
        for number in itertools.count():
            stopped = asyncio.create_task(driven.next_stop())
            await asyncio.wait({ended, stopped}, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                stopped.cancel()
                break
            await driven.go_on(("next", "step_in", "step_out")[number % 3] if number < steps else "continue")
        assert ended.done(), "the program did not end in time"
    finally:
        await asyncio.wait_for(driven.session.close(), DEADLINE_S)
    return json.loads(driven.printed)


def wrong(rows: dict[str, list[Row]]) -> dict[str, object]:
    """By program, what differs from the marks: told too often, told too seldom.

    One timeline sees all programs here, and each thread counts its nodes from 0: of threads' programs
    nothing may be told wrongly, and much cannot be told at all.
    """
    found: dict[str, object] = {}
    for program in ALL:
        expected = marked(program)
        seen = told([row for row in rows[str(program)] if row[0] or "threads" not in program.stem], expected)
        if not seen <= expected or ("threads" not in program.stem and seen != expected):
            found[program.stem] = (seen - expected, expected - seen)
    return found


async def test_every_node_is_told_of_its_line_when_the_program_stops_at_each_of_them():
    stops = {program: sorted({line for line, _, _ in marked(program) if line}) for program in ALL}
    assert wrong(await run(stops=stops)) == {}


async def test_every_node_is_told_of_its_line_when_the_program_is_stepped():
    program = PROGRAMS / "twice_in_a_line.py"
    stops = {program: [min(line for line, _, _ in marked(program))]}
    assert wrong(await run(stops=stops, steps=40)) == {}
