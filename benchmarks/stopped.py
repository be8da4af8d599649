"""A program stopped under the real debugger: a small evaluate, and the snapshot's way to the server."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from rows import Row, median_ms

from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint, Launch
from tapelens.store.sessions import Change, SessionChanged, StopArrived, StopSettled, Store
from tapelens.wire.commands import Capture, Configuration

REPEATS = 15
EVALUATES = 40

PROGRAM = """\
import torch

torch.manual_seed(0)
w = torch.ones(8, requires_grad=True)
h = w
for _ in range({operations}):
    h = h * w
loss = h.sum()
for again in range({repeats}):
    here = again
print("end")
"""
"""A chain of products: one node an operation, a leaf and a sum."""


def configuration(*, armed: bool) -> Configuration:
    return Configuration(
        kind="configuration",
        armed=armed,
        pause_on=(),
        select=(),
        ignore=(),
        lines="auto",
        steps=0,
        cards=True,
        thresholds=(),
    )


@asynccontextmanager
async def stopped(
    operations: int, *, armed: bool, env: dict[str, str] | None = None
) -> AsyncGenerator[tuple[DirectSession, Store, asyncio.Queue[tuple[float, Change]]]]:
    """A session that stops at every turn of the program's last loop."""
    store = Store()
    seen: asyncio.Queue[tuple[float, Change]] = asyncio.Queue()
    store.subscribe(lambda change: seen.put_nowait((time.perf_counter(), change)))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "stops.py"
        program.write_text(PROGRAM.format(operations=operations, repeats=REPEATS + 1), encoding="utf-8")
        line = program.read_text(encoding="utf-8").splitlines().index("    here = again") + 1
        session = await DirectSession.launch(
            Launch(program=program, env=env or {}, breakpoints=[Breakpoint(path=program, line=line)]),
            store,
            configuration=configuration(armed=armed),
            on_output=lambda _category, _text: None,
        )
        try:
            yield session, store, seen
        finally:
            await session.close()


async def settled(seen: asyncio.Queue[tuple[float, Change]]) -> tuple[float, float | None, StopSettled]:
    """When ``stopped`` came, when the snapshot came, and the stop."""
    stopped_at, arrived_at = 0.0, None
    while True:
        at, change = await asyncio.wait_for(seen.get(), 60)
        match change:
            case SessionChanged(info=info) if info.state == "stopped":
                stopped_at = at
            case StopArrived():
                arrived_at = at
            case StopSettled():
                return stopped_at, arrived_at, change
            case _:
                pass


async def evaluate_times(env: dict[str, str]) -> list[float]:
    """Round trips of ``1 + 1`` in the stopped frame."""
    async with stopped(3, armed=False, env=env) as (session, _store, seen):
        _, _, stop = await settled(seen)
        trace = await session._request("stackTrace", {"threadId": stop.thread, "levels": 1})
        frame = trace["stackFrames"][0]["id"]
        times: list[float] = []
        for _ in range(EVALUATES):
            begun = time.perf_counter()
            await session._request("evaluate", {"expression": "1 + 1", "frameId": frame, "context": "hover"})
            times.append(time.perf_counter() - begun)
        return times


async def push_times(operations: int) -> tuple[list[float], int]:
    """From ``stopped`` to the snapshot in the store, pushed; and the number of nodes."""
    times: list[float] = []
    async with stopped(operations, armed=True) as (session, _store, seen):
        nodes = 0
        for _ in range(REPEATS):
            stopped_at, arrived_at, stop = await settled(seen)
            if arrived_at is not None and stop.snapshot is not None:
                times.append(arrived_at - stopped_at)
                nodes = len(stop.snapshot.nodes.key)
            await session.act("continue")
    return times, nodes


async def pull_times(operations: int) -> list[float]:
    """The same, asked for: a stack trace for the frame, then our capture by evaluate."""
    times: list[float] = []
    async with stopped(operations, armed=False, env={}) as (session, store, seen):
        for _ in range(REPEATS):
            while True:
                at, change = await asyncio.wait_for(seen.get(), 60)
                if isinstance(change, SessionChanged) and change.info.state == "stopped":
                    break
            thread = session._tracker.stopped_thread or 0
            trace = await session._request("stackTrace", {"threadId": thread, "levels": 1})
            batch = await session.ask_probe(
                Capture(kind="capture", thread=thread, depth=0, stop=0), frame_id=trace["stackFrames"][0]["id"]
            )
            store.take(session.id, batch)
            times.append(time.perf_counter() - at)
            await session.act("continue")
    return times


def measure() -> list[Row]:
    """Rows for docs/performance.md."""
    ours = median_ms(asyncio.run(evaluate_times({})))
    shipped = median_ms(asyncio.run(evaluate_times({"TAPELENS_DISABLE": "1"})))
    rows = [
        Row(
            what="a small evaluate at a stop",
            ours=f"{ours:.2f} ms",
            peer=f"{shipped:.1f} ms, debugpy as shipped",
            ratio=ours / shipped,
            target="≤ 1 ms",
            met=ours <= 1.0,
        )
    ]
    for operations in (672, 5600):
        times, nodes = asyncio.run(push_times(operations))
        pushed = median_ms(times)
        pulled = median_ms(asyncio.run(pull_times(operations)))
        rows.append(
            Row(
                what=f"stop to snapshot in the server, {nodes:,} nodes",
                ours=f"{pushed:.1f} ms, pushed",
                peer=f"{pulled:.1f} ms, pulled",
                ratio=pushed / pulled,
                target="pushed before pulled",
                met=pushed < pulled,
            )
        )
    return rows
