"""Drives a real program under the real debugger, stop by stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint, Launch
from tapelens.store.sessions import Change, SessionInfo, StopSettled, Store
from tapelens.wire.commands import Configuration, Lines

DEADLINE_S = 60.0
OTHER_PYTHON = os.environ.get("TAPELENS_TEST_DEBUGGEE")
"""Another interpreter for the programs under test; it needs torch, and nothing of ours."""


def configuration(
    *, armed: bool = True, pause_on: Sequence[str] = (), cards: bool = True, lines: Lines = "auto"
) -> Configuration:
    return Configuration(
        kind="configuration",
        armed=armed,
        pause_on=tuple(pause_on),
        select=(),
        ignore=(),
        lines=lines,
        steps=0,
        cards=cards,
        thresholds=(),
    )


def marked_lines(program: Path) -> dict[str, int]:
    """Lines of a program by the name in their ``# stop: name`` mark."""
    lines = program.read_text(encoding="utf-8").splitlines()
    return {line.split("# stop: ")[1].strip(): n for n, line in enumerate(lines, 1) if "# stop: " in line}


class Driven:
    """A session, what it printed, and its stops one by one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.output: list[tuple[str, str]] = []
        self.session: DirectSession
        self._settled: asyncio.Queue[StopSettled] = asyncio.Queue()
        self._heard = asyncio.Event()
        store.subscribe(self._see)

    def _see(self, change: Change) -> None:
        if isinstance(change, StopSettled):  # it may settle before ``launch`` returns
            self._settled.put_nowait(change)

    def hear(self, category: str, text: str) -> None:
        """The program printed."""
        self.output.append((category, text))
        self._heard.set()

    @property
    def printed(self) -> str:
        return "".join(text for category, text in self.output if category == "stdout")

    @property
    def info(self) -> SessionInfo:
        info = self.store.session(self.session.id)
        assert info is not None
        return info

    async def next_stop(self) -> StopSettled:
        while True:
            stop = await asyncio.wait_for(self._settled.get(), DEADLINE_S)
            if stop.session == self.session.id:  # two sessions may share a store
                return stop

    async def has_printed(self, words: int) -> list[str]:
        """What it has printed, once it is so many words."""

        async def heard() -> list[str]:
            while len(self.printed.split()) < words:
                self._heard.clear()
                await self._heard.wait()
            return self.printed.split()

        return await asyncio.wait_for(heard(), DEADLINE_S)

    async def go_on(self, action: str = "continue") -> None:
        await self.session.act(action)  # pyright: ignore[reportArgumentType]

    async def run_to_end(self) -> None:
        """Continue through whatever stops are left."""
        if self.info.state == "stopped" and self._settled.empty():
            await self.go_on()
        ended = asyncio.create_task(self.session.wait_ended())
        while not ended.done():
            stop = asyncio.create_task(self._settled.get())
            await asyncio.wait({ended, stop}, timeout=DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                await self.go_on()
            else:
                stop.cancel()
                assert ended.done(), "the program did not end in time"


@asynccontextmanager
async def driven(
    program: Path,
    *,
    stops: Sequence[int] | Mapping[Path, Sequence[int]] = (),
    python: Path | None = None,
    store: Store | None = None,
    pause_on: Sequence[str] = (),
    armed: bool = True,
    args: Sequence[str] = (),
    stop_on_uncaught: bool = True,
    condition: str | None = None,
    cards: bool = True,
    lines: Lines = "auto",
) -> AsyncGenerator[Driven]:
    """A program launched with breakpoints at ``stops``, of its own or of other files; ended whatever happens."""
    run = Driven(store or Store())
    by_path = stops if isinstance(stops, Mapping) else {program: stops}
    launch = Launch(
        program=program,
        args=args,
        cwd=program.parent,
        python=python or (Path(OTHER_PYTHON) if OTHER_PYTHON else None),
        breakpoints=[
            Breakpoint(path=path, line=line, condition=condition) for path in by_path for line in by_path[path]
        ],
        stop_on_uncaught=stop_on_uncaught,
    )
    opening = DirectSession.launch(
        launch,
        run.store,
        configuration=configuration(armed=armed, pause_on=pause_on, cards=cards, lines=lines),
        on_output=run.hear,
    )
    run.session = await asyncio.wait_for(opening, DEADLINE_S)
    try:
        yield run
    finally:
        await asyncio.wait_for(run.session.close(), DEADLINE_S)
