"""The timeline beside the debugger: the same programs, the same marks, with stops and steps in between."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from interpreters import Which, interpreter
from probe.timeline.marks import PROGRAMS, Made, Row, marked, told
from sessions.drive import DEADLINE_S, Driven, configuration, driven, marked_lines
from tapelens.sessions.bootstrap import bootstrap_expression
from tapelens.store.rows import node_rows
from tapelens.wire.commands import Lines
from tapelens.wire.snapshot import LinesState

each_python = pytest.mark.parametrize("which", ["this", "newer"])
RUNNER = Path(__file__).parents[1] / "probe" / "timeline" / "runner.py"
ALL = sorted(PROGRAMS.glob("*.py"))


def launched(
    which: Which, program: Path, *, stops: dict[Path, list[int]], args: Sequence[str] = (), lines: Lines = "every_line"
) -> AbstractAsyncContextManager[Driven]:
    """The program under this Python, or one that has ``sys.monitoring``."""
    return driven(program, stops=stops, python=interpreter(which), args=args, lines=lines)


TWICE = PROGRAMS / "twice_in_a_line.py"
STEPPED = {TWICE: [min(line for line, _, _ in marked(TWICE))]}


async def run(which: Which, *, stops: dict[Path, list[int]], steps: int = 0) -> dict[str, list[Row]]:
    """What the runner tells of all programs; from the first stop on some steps are made."""
    async with launched(which, RUNNER, stops=stops, args=["-", *map(str, ALL)]) as process:
        ended = asyncio.create_task(process.session.wait_ended())
        for number in itertools.count():
            stopped = asyncio.create_task(process.next_stop())
            await asyncio.wait({ended, stopped}, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                stopped.cancel()
                break
            await process.go_on(("next", "step_in", "step_out")[number % 3] if number < steps else "continue")
        assert ended.done(), "the program did not end in time"
    return json.loads(process.printed)


def wrong(rows: dict[str, list[Row]]) -> dict[str, tuple[Made, Made]]:
    """By program, what differs from the marks: told too often, told too seldom.

    One timeline sees all programs here, and each thread counts its nodes from 0: of threads' programs
    nothing may be told wrongly, and much cannot be told at all.
    """
    found: dict[str, tuple[Made, Made]] = {}
    for program in ALL:
        threads = "threads" in program.stem
        expected = marked(program, unknown_too=threads)
        seen = told([row for row in rows[str(program)] if row[0] or not threads], expected)
        if not (seen <= expected if threads else seen == expected):
            found[program.stem] = (seen - expected, expected - seen)
    return found


@each_python
async def test_every_node_is_told_of_its_line_when_the_program_stops_at_each_of_them(which: Which):
    stops = {program: sorted({line for line, _, _ in marked(program) if line}) for program in ALL}
    assert wrong(await run(which, stops=stops)) == {}


async def test_every_node_is_told_of_its_line_when_the_program_is_stepped():
    assert wrong(await run("newer", stops=STEPPED, steps=40)) == {}


async def test_no_node_is_told_of_another_line_when_the_debugger_takes_the_trace_function_back():
    rows = await run("this", stops=STEPPED, steps=40)
    known = {program: [row for row in told_of if row[0]] for program, told_of in rows.items()}
    assert {program: surplus for program, (surplus, _) in wrong(known).items() if surplus} == {}
    assert sum(map(len, known.values())) > 0.9 * sum(map(len, rows.values()))


AT_STOPS = """\
import torch

w = torch.ones(3, requires_grad=True)
kept = []


def pair(x):
    doubled = x * 2
    return doubled.exp()  # stop: inside


total = pair(w) + pair(w).tan()
print(len(kept))  # stop: end
"""


async def lines_at_stop(process: Driven) -> tuple[dict[str, int | None], LinesState]:
    """The line of each node of the next stop, by name; None where it is not told."""
    stop = await process.next_stop()
    assert stop.snapshot is not None
    rows = node_rows(stop.snapshot)
    return {
        row.name: row.site.line if row.site else None for row in rows if row.sequence is not None
    }, stop.snapshot.lines


async def evaluate(process: Driven, expression: str) -> None:
    (thread,) = (await process.session._request("threads", {}))["threads"]
    frames = (await process.session._request("stackTrace", {"threadId": thread["id"], "levels": 1}))["stackFrames"]
    await process.session._request(
        "evaluate", {"expression": expression, "frameId": frames[0]["id"], "context": "repl"}
    )


@each_python
async def test_what_is_evaluated_at_a_stop_is_no_lines(which: Which, tmp_path: Path):
    program = tmp_path / "at_stops.py"
    program.write_text(AT_STOPS, encoding="utf-8")
    stops = marked_lines(program)
    async with launched(which, program, stops={program: list(stops.values())}) as process:
        for _ in range(2):
            await process.next_stop()
            await evaluate(process, "kept.append(w.sin())")
            await process.go_on()
        lines, state = await lines_at_stop(process)
    inside, end = stops["inside"], stops["end"]
    assert state == "every_line"
    assert lines == {
        "SinBackward0": None,
        "MulBackward0": inside - 1,
        "ExpBackward0": inside,
        "TanBackward0": end - 1,
        "AddBackward0": end - 1,
    }


SWITCHED = """\
import torch

w = torch.ones(3, requires_grad=True)
def same(x): return x
a = same(w) * 2  # stop: first
b = same(w).exp()
c = same(w).sin()
d = 0
"""


@each_python
async def test_lines_can_be_switched_off_and_on_by_another_bootstrap(which: Which, tmp_path: Path):
    program = tmp_path / "switched.py"
    program.write_text(SWITCHED, encoding="utf-8")
    first = marked_lines(program)["first"]
    stops = [first + below for below in range(4)]
    async with launched(which, program, stops={program: stops}, lines="off") as process:
        assert await lines_at_stop(process) == ({}, "off")
        await process.go_on()
        assert await lines_at_stop(process) == ({"MulBackward0": None}, "off")
        await evaluate(process, bootstrap_expression(configuration(lines="every_line")))
        await process.go_on()
        known = {"MulBackward0": None, "ExpBackward0": first + 1}
        assert await lines_at_stop(process) == (known, "every_line")
        await evaluate(process, bootstrap_expression(configuration(lines="off")))
        await process.go_on()
        unknown = {"MulBackward0": None, "ExpBackward0": None, "SinBackward0": None}
        assert await lines_at_stop(process) == (unknown, "off")
        await process.run_to_end()
    assert process.store.faults(process.session.id) == ()
