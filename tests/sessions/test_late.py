"""The probe put into a program that runs already, or stands still: torch imported, models and optimizers made."""

from __future__ import annotations

import asyncio

from sessions.drive import DEADLINE_S, configuration, marked_lines
from sessions.listening import attached, line_out, listening
from tapelens.errors import SessionError
from tapelens.sessions import handshake
from tapelens.sessions.interface import Breakpoint
from tapelens.store.sessions import StopArrived

LOOP = """\
import sys, time
import torch

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x = torch.ones(4, 2)


def step():
    loss = model(x).square().mean()
    loss.backward()  # stop: backward
    optimizer.step()  # stop: step


step()
optimizer.zero_grad()
print("made", flush=True)
while True:
    step()
    time.sleep(0.02)
"""


async def test_a_running_loop_is_attached_to_and_its_taps_rules_and_captures_work_from_then_on(tmp_path):
    async with listening(tmp_path, LOOP) as (program, port, process):
        assert await line_out(process) == "made\n"
        async with attached(port, Breakpoint(path=program, line=marked_lines(program)["backward"])) as run:
            stop = await run.next_stop()
            assert stop.snapshot is not None
            snapshot = stop.snapshot
            named = {snapshot.strings[name] for names in snapshot.tensors.names for name in names}
            assert {"loss", "model.weight", "x"} <= named
            optimizers = {snapshot.strings[each] for each in snapshot.tensors.optimizer if each >= 0}
            assert optimizers == {"optimizer"}  # made before we came
            for _ in range(3):
                await run.session.act("continue")
                await run.next_stop()
            assert [each.rule for each in run.store.findings(run.session.id)] == ["missing-zero-grad"]
            assert run.store.gradients(run.session.id)
            assert run.store.faults(run.session.id) == ()
        assert process.returncode is None


async def test_a_rule_pauses_a_loop_that_ran_long_before(tmp_path):
    async with listening(tmp_path, LOOP) as (program, port, process):
        await line_out(process)
        async with attached(port, pause_on=["missing-zero-grad"]) as run:
            stop = await run.next_stop()
            assert (stop.reason, stop.line) == ("missing-zero-grad", marked_lines(program)["step"])
        assert process.returncode is None


async def test_attached_to_twice_the_second_finds_a_program_without_taps_and_works(tmp_path):
    text = LOOP.replace("def step", "plain = torch.autograd._engine_run_backward, sys.excepthook\n\n\ndef step", 1)
    now = "torch.autograd._engine_run_backward, sys.excepthook"
    text = text.replace("    step()\n    time", f"    step()\n    print(plain == ({now}), flush=True)\n    time")
    async with listening(tmp_path, text) as (program, port, process):
        assert await line_out(process) == "made\n"
        for _ in range(2):
            async with attached(port, Breakpoint(path=program, line=marked_lines(program)["backward"])) as run:
                stop = await run.next_stop()
                assert stop.snapshot is not None
                assert stop.snapshot.stop == 1
                await run.session.act("next")
                await run.next_stop()
                assert run.store.gradients(run.session.id)
            while await line_out(process) == "False\n":
                pass  # printed while we were in


async def test_a_program_that_stands_still_is_looked_at_when_the_probe_comes(tmp_path, monkeypatch):
    put_in = handshake.put_probe_in

    async def nobody(*_arguments: object) -> object:
        raise SessionError("not yet")

    monkeypatch.setattr(handshake, "put_probe_in", nobody)
    async with listening(tmp_path, LOOP) as (program, port, process):
        await line_out(process)
        async with attached(port, Breakpoint(path=program, line=marked_lines(program)["backward"])) as run:
            stop = await run.next_stop()
            assert stop.snapshot is None
            arrived = asyncio.Event()
            run.store.subscribe(lambda each: arrived.set() if isinstance(each, StopArrived) else None)
            run.session._greeted(await put_in(run.session._request, configuration()), None)
            await asyncio.wait_for(arrived.wait(), DEADLINE_S)
            (seen,) = run.store.stops(run.session.id)
            assert (seen.snapshot.site.line, seen.snapshot.stop) == (stop.line, 1)
            for _ in range(4):
                await run.session.act("continue")
                stop = await run.next_stop()
            assert stop.snapshot is not None
            assert stop.snapshot.stop == 5
            assert [each.rule for each in run.store.findings(run.session.id)] == ["missing-zero-grad"]
