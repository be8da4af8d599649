"""Drives a program and every process that it starts, stop by stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sessions.drive import DEADLINE_S, OTHER_PYTHON, configuration
from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint, Launch
from tapelens.store.sessions import Change, SessionInfo, StopSettled, Store


class Family:
    """The sessions of one launch."""

    def __init__(self) -> None:
        self.store = Store()
        self.output: list[tuple[str, str]] = []
        self.sessions: dict[str, DirectSession] = {}
        self.has_child = asyncio.Event()
        self.root: DirectSession
        self._settled: asyncio.Queue[StopSettled] = asyncio.Queue()
        self.store.subscribe(self._see)

    def _see(self, change: Change) -> None:
        if isinstance(change, StopSettled):
            self._settled.put_nowait(change)

    @property
    def printed(self) -> str:
        return "".join(text for category, text in self.output if category == "stdout")

    def info(self, session: str) -> SessionInfo:
        info = self.store.session(session)
        assert info is not None
        return info

    @property
    def children(self) -> list[SessionInfo]:
        return [info for info in self.store.sessions() if info.session != self.root.id]

    def take(self, session: DirectSession) -> None:
        self.sessions[session.id] = session

    def take_child(self, session: DirectSession) -> None:
        self.take(session)
        self.has_child.set()

    async def next_stop(self) -> StopSettled:
        return await asyncio.wait_for(self._settled.get(), DEADLINE_S)

    async def go_on(self, session: str, action: str = "continue") -> None:
        await self.sessions[session].act(action)  # pyright: ignore[reportArgumentType]

    async def ended(self) -> None:
        await asyncio.wait_for(self.root.wait_ended(), DEADLINE_S)


@asynccontextmanager
async def family(
    *,
    program: Path | None = None,
    module: str | None = None,
    args: Sequence[str] = (),
    stops: Sequence[tuple[Path, int]] = (),
    cwd: Path | None = None,
) -> AsyncGenerator[Family]:
    """A program launched with breakpoints; all ended whatever happens."""
    run = Family()
    launch = Launch(
        program=program,
        module=module,
        args=args,
        cwd=cwd or (program.parent if program else None),
        python=Path(OTHER_PYTHON) if OTHER_PYTHON else None,
        breakpoints=[Breakpoint(path=path, line=line) for path, line in stops],
    )
    opening = DirectSession.launch(
        launch,
        run.store,
        configuration=configuration(),
        on_output=lambda category, text: run.output.append((category, text)),
        on_child=run.take_child,
    )
    run.root = await asyncio.wait_for(opening, DEADLINE_S)
    run.take(run.root)
    try:
        yield run
    finally:
        await asyncio.wait_for(run.root.close(), DEADLINE_S)
