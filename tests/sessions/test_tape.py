"""More of a large tape than a snapshot holds, asked of the probe while the program stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.drive import driven, marked_lines
from tapelens.errors import SessionError
from tapelens.wire.asked import TapePage
from tapelens.wire.commands import Tape

PROGRAM = """\
import torch


def deep(count):
    loss = torch.ones(1, requires_grad=True)
    for _ in range(count):
        loss = loss * 1.0
    return inner(loss)


def inner(x):
    few = x.detach().requires_grad_().exp()
    return few, x  # stop: deep


few, loss = deep(30_000)
del few, loss
print("freed")
count = 0  # stop: later
while True:
    count += 1
"""
NODES = 30_001


async def test_the_whole_tape_comes_in_pages_while_the_program_stands_and_is_freed_when_it_goes_on(tmp_path: Path):
    program = tmp_path / "deep.py"
    program.write_text(PROGRAM, encoding="utf-8")
    lines = marked_lines(program)
    async with driven(program, stops=[lines["deep"], lines["later"]]) as run:
        stop = await run.next_stop()
        assert stop.snapshot is not None
        assert len(stop.snapshot.nodes.key) == 20_000
        left = {left.what: left.count for left in stop.snapshot.left_out}
        assert left["nodes"] == NODES + 2 - 20_000

        async def page(first: int, count: int, depth: int = 0) -> TapePage:
            batch = await run.session.ask_probe(Tape(kind="tape", depth=depth, first=first, count=count))
            (answer,) = batch.messages
            assert isinstance(answer, TapePage)
            return answer

        told = await page(0, 5)
        assert (told.stop, told.total, told.complete) == (stop.snapshot.stop, NODES + 2, True)
        assert [told.strings[row] for row in told.nodes.name][:2] == ["AccumulateGrad", "MulBackward0"]
        last = await page(NODES - 1, 100)
        assert len(last.nodes.key) == 3
        assert set(last.nodes.key) <= set(stop.snapshot.nodes.key)
        assert (await page(0, 1, depth=1)).total == NODES  # the caller knows no other graph
        with pytest.raises(SessionError, match="no frame"):
            await page(0, 1, depth=99)
        await run.go_on()
        await run.next_stop()
        assert "freed" in run.printed
        await run.go_on()
        with pytest.raises(SessionError, match="running"):
            await page(0, 1)
