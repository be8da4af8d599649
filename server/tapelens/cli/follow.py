"""Lets a debugged program run from stop to stop until it ends, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import IO

from ..errors import SessionError
from ..sessions.direct import DirectSession, OnChild, OnOutput
from ..sessions.interface import Action
from ..store.sessions import Change, StopSettled, Store, shown_as_it_is
from ..web.server import PanelServer
from ..wire.commands import Command
from ..wire.envelope import Batch
from ..wire.findings import Finding
from .following import Following
from .outcome import FAILED, KILLED_BY
from .showing import EXIT, Showing
from .writing import open_report

OpenSession = Callable[[Store, OnOutput, OnChild], Awaitable[DirectSession]]


def follow(following: Following, open_session: OpenSession) -> int:
    """Run to the end and report; the exit status of the command.

    Raises:
        UsageError: The report's file cannot be written, or the panel cannot be served.
    """
    with open_report(following.output) as report_file:
        return asyncio.run(_follow_one(following, open_session, report_file))


async def _follow_one(following: Following, open_session: OpenSession, report_file: IO[str] | None) -> int:
    room = Room(following.judge)
    follower = Follower(following, room, report_file)
    if not following.stay:
        return await follower.run(open_session)
    async with room.panel() as url:
        follower.showing.say(f"the panel is at {url}")
        return await follower.run(open_session)


class Room:
    """What front ends share: one store, and the sessions that are open."""

    def __init__(self, judge: Callable[[Finding], Finding | None] = shown_as_it_is) -> None:
        self.store = Store(judge=judge)
        self._open: dict[str, DirectSession] = {}

    async def act(self, session: str, action: Action) -> None:
        """Continue, step, pause or stop a session."""
        await self._get(session).act(action)

    async def ask(self, session: str, command: Command) -> Batch:
        """Have a session's probe run a command."""
        return await self._get(session).ask_probe(command)

    def _get(self, session: str) -> DirectSession:
        if session not in self._open:
            raise SessionError("This session has ended.")
        return self._open[session]

    @asynccontextmanager
    async def panel(self) -> AsyncGenerator[str]:
        """Serve the panel meanwhile; gives its address."""
        server = PanelServer(self.store, act=self.act, ask=self.ask)
        url = await server.start()
        try:
            yield url
        finally:
            await server.close()

    def hold(self, session: DirectSession) -> None:
        """The session can be acted on until it is closed."""
        self._open[session.id] = session

    async def close(self, session: DirectSession) -> None:
        """Close a session and those of the processes that its program started."""
        below = [each for each in self._open.values() if each.id != session.id and self._is_below(each.id, session.id)]
        await asyncio.gather(*(each.close() for each in below), return_exceptions=True)
        await session.close()
        for each in (*below, session):
            del self._open[each.id]

    def _is_below(self, session: str, ancestor: str) -> bool:
        info = self.store.session(session)
        while info is not None and info.parent is not None:
            if info.parent == ancestor:
                return True
            info = self.store.session(info.parent)
        return False


class Follower:
    """One run, from opening its session to closing it."""

    def __init__(self, following: Following, room: Room, report_file: IO[str] | None = None) -> None:
        self._following = following
        self._room = room
        self._session: DirectSession | None = None
        self._stops: asyncio.Queue[StopSettled] = asyncio.Queue()
        self._pipe_closed = asyncio.Event()
        self.showing = Showing(following, report_file, on_pipe_closed=self._pipe_closed.set)

    async def run(self, open_session: OpenSession) -> int:
        """Follow the session to its end, or to the signal, deadline or closed pipe that ends it first."""
        unsubscribe = self._room.store.subscribe(self._on_change)
        self.showing.start()
        work = asyncio.create_task(self._follow(open_session))
        broken = asyncio.create_task(self._pipe_closed.wait())
        try:
            with signals() as signalled:
                await asyncio.wait(
                    {work, signalled, broken},
                    timeout=self._following.timeout_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                was_done = work.done()
                work.cancel()
                await asyncio.wait({work})  # it closes the session
        finally:
            unsubscribe()
            broken.cancel()
            self.showing.started()
        if was_done:
            return self._conclude(work)
        return self._cut_short(signalled.result() if signalled.done() else None)

    def _conclude(self, work: asyncio.Task[None]) -> int:
        store = self._room.store
        try:
            work.result()
        except SessionError as failed:
            self.showing.note(str(failed))
            return self.showing.conclude(None, store)
        return self.showing.conclude(store.session(self._session.id) if self._session else None, store)

    def _cut_short(self, signalled: int | None) -> int:
        if signalled is not None:
            self.showing.write_object()
            return KILLED_BY + signalled
        if self._pipe_closed.is_set():
            return KILLED_BY + signal.SIGPIPE
        self.showing.note(f"The program did not end within {self._following.timeout_s:g} s and was stopped.")
        self.showing.write_object()
        return FAILED

    async def _follow(self, open_session: OpenSession) -> None:
        going_on = asyncio.create_task(self._go_on_at_stops())
        try:
            session = await open_session(self._room.store, self.showing.output, self._room.hold)
            self._session = session
            self._room.hold(session)
            try:
                for breakpoint_, reason in session.unverified:
                    self.showing.note(f"{breakpoint_.path.name}:{breakpoint_.line} is no place to stop: {reason}")
                await session.wait_ended()
            finally:
                await self._room.close(session)
        finally:
            going_on.cancel()

    async def _go_on_at_stops(self) -> None:
        while True:
            stop = await self._stops.get()
            with contextlib.suppress(SessionError):  # it ended at the stop: its state in the store tells
                await self._room.act(stop.session, "continue")

    def _on_change(self, change: Change) -> None:
        if not isinstance(change, StopSettled):
            self.showing.take(change)
        elif change.reason == "exception" and change.text == EXIT:
            self.showing.pass_over(change)
            self._stops.put_nowait(change)
        else:
            self.showing.take(change)
            if not self._following.stay:
                self._stops.put_nowait(change)


@contextmanager
def signals() -> Generator[asyncio.Future[int]]:
    """A future that is done with the number of the first signal that asks us to end."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[int] = loop.create_future()

    def take(number: int) -> None:
        if not came.done():
            came.set_result(number)

    numbers = [int(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    with ExitStack() as handlers:
        for number in numbers:
            with contextlib.suppress(NotImplementedError):  # Windows has no signals that a loop can wait for
                loop.add_signal_handler(number, take, number)
                handlers.callback(loop.remove_signal_handler, number)
        yield came
