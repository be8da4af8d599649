"""A probe that was taken out leaves nothing behind: every callable, registry of hooks and tool is what it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sessions.drive import DEADLINE_S, marked_lines
from sessions.listening import Attached, attached, line_out, listening
from tapelens.errors import SessionError
from tapelens.sessions import handshake
from tapelens.sessions.interface import Breakpoint

LEAST_NAMES = 50_000
PROGRAM = Path(__file__).parent / "programs" / "inventory.py"


async def say(process: asyncio.subprocess.Process, word: str) -> list[str]:
    """Have the program do one thing; what it printed meanwhile."""
    assert process.stdin is not None
    process.stdin.write(f"{word}\n".encode())
    said: list[str] = []
    while (line := await line_out(process)) != f"done {word}\n":
        assert line, "the program ended"
        said.append(line.rstrip())
    return said


async def step_by_step(run: Attached, process: asyncio.subprocess.Process) -> None:
    """One turn of the loop: a stop before its backward and one after it."""
    asking = asyncio.create_task(say(process, "step"))
    await run.next_stop()
    await run.session.act("next")
    await run.next_stop()
    await run.session.act("continue")
    await asyncio.wait_for(asking, DEADLINE_S)


@pytest.mark.parametrize("way", ["asked to", "the debugger goes"])
async def test_every_name_registry_and_tool_is_what_it_was(tmp_path, monkeypatch, way):
    async def nobody(*_arguments: object) -> object:
        raise SessionError("a debugger alone")

    async with listening(tmp_path, PROGRAM.read_text(encoding="utf-8")) as (program, port, process):
        place = Breakpoint(path=program, line=marked_lines(program)["backward"])
        assert await line_out(process) == "ready\n"
        with monkeypatch.context() as alone:
            alone.setattr(handshake, "put_probe_in", nobody)
            async with attached(port, place) as run:
                await step_by_step(run, process)
        await say(process, "take")
        (same,) = await say(process, "compare")
        assert same.isdecimal(), "the inventory itself is not steady"
        for _ in range(2):
            async with attached(port, place, pause_on=["all"]) as run:
                await step_by_step(run, process)
                await step_by_step(run, process)
                assert len(run.store.stops(run.session.id)) == 4
                assert len(run.store.gradients(run.session.id)) == 2
                assert run.store.faults(run.session.id) == ()
                (during,) = await say(process, "compare")
                assert {"torch.autograd._engine_run_backward", "excepthooks", "providers"} <= set(during.split())
                if way == "the debugger goes":
                    await run.session._request("disconnect", {"terminateDebuggee": False})
            (after,) = await say(process, "compare")
            assert (int(after.split()[0]) > LEAST_NAMES, after.split()[1:]) == (True, [])


async def test_the_environment_s_switch_keeps_everything_out(monkeypatch, tmp_path):
    monkeypatch.setenv("TAPELENS_DISABLE", "1")
    async with listening(tmp_path, PROGRAM.read_text(encoding="utf-8")) as (program, port, process):
        place = Breakpoint(path=program, line=marked_lines(program)["backward"])
        assert await line_out(process) == "ready\n"
        async with attached(port, place) as run:
            await step_by_step(run, process)
        await say(process, "take")
        async with attached(port, place, pause_on=["all"]) as run:
            await step_by_step(run, process)
            (during,) = await say(process, "compare")
            assert during.isdecimal(), during
            assert run.store.stops(run.session.id) == ()
            info = run.store.session(run.session.id)
            assert info is not None
            assert (info.torch, info.problem) == ("switched_off", None)
