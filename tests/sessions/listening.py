"""Programs that listen for a debugger, and sessions attached to them."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from sessions.drive import DEADLINE_S, OTHER_PYTHON, configuration
from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint
from tapelens.sessions.paths import PathMapping
from tapelens.store.sessions import StopSettled, Store

_FOUND = find_spec("debugpy")
assert _FOUND is not None
DEBUGPY = str(Path(_FOUND.origin or "").parent)
"""As a folder to run: the other interpreter has none of its own."""


@asynccontextmanager
async def listening(
    folder: Path, text: str, *flags: str
) -> AsyncGenerator[tuple[Path, int, asyncio.subprocess.Process]]:
    """A program under ``debugpy --listen``, its port and its process."""
    program = folder / "program.py"
    program.write_text(text, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(OTHER_PYTHON or sys.executable, DEBUGPY, "--listen", f"127.0.0.1:{port}", *flags, str(program)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield program, port, process
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.communicate(), DEADLINE_S)  # the pipe, to its end


async def line_out(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)).decode()


class Attached:
    """An attached session and its stops."""

    def __init__(self) -> None:
        self.store = Store()
        self.settled: asyncio.Queue[StopSettled] = asyncio.Queue()
        self.store.subscribe(lambda each: self.settled.put_nowait(each) if isinstance(each, StopSettled) else None)
        self.session: DirectSession

    async def next_stop(self) -> StopSettled:
        return await asyncio.wait_for(self.settled.get(), DEADLINE_S)


@asynccontextmanager
async def attached(
    port: int, *stops: Breakpoint, pause_on: Sequence[str] = (), paths: Sequence[PathMapping] = ()
) -> AsyncGenerator[Attached]:
    run = Attached()
    run.session = await DirectSession.attach(
        "127.0.0.1",
        port,
        run.store,
        configuration=configuration(pause_on=pause_on),
        breakpoints=stops,
        on_output=lambda _category, _text: None,
        paths=paths,
    )
    try:
        yield run
    finally:
        await asyncio.wait_for(run.session.close(), DEADLINE_S)
