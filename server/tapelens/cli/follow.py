"""Lets a debugged program run from stop to stop until it ends, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import IO

from ..errors import SessionError, UsageError
from ..sessions.direct import DirectSession, OnOutput
from ..sessions.interface import Action
from ..store.sessions import Change, StopSettled, Store
from ..web.server import PanelServer
from .following import Following
from .outcome import FAILED, KILLED_BY
from .showing import Showing

OpenSession = Callable[[Store, OnOutput], Awaitable[DirectSession]]


def follow(following: Following, open_session: OpenSession) -> int:
    """Run to the end and report; the exit status of the command.

    Raises:
        UsageError: The report's file cannot be written, or the panel cannot be served.
        SessionError: The session could not be opened.
    """
    with ExitStack() as files:
        report_file: IO[str] | None = None
        if following.output is not None:
            try:
                report_file = files.enter_context(following.output.open("w", encoding="utf-8"))
            except OSError as error:
                raise UsageError(f"--output {following.output} cannot be written: {error.strerror}.") from error
        return asyncio.run(Follower(following, report_file).run(open_session))


class Follower:
    """One run, from opening its session to closing it."""

    def __init__(self, following: Following, report_file: IO[str] | None) -> None:
        self._following = following
        self._store = Store()
        self._session: DirectSession | None = None
        self._stops: asyncio.Queue[StopSettled] = asyncio.Queue()
        self._pipe_closed = asyncio.Event()
        self._showing = Showing(following, report_file, on_pipe_closed=self._pipe_closed.set)

    async def run(self, open_session: OpenSession) -> int:
        """Follow the session to its end, or to the signal, deadline or closed pipe that ends it first."""
        self._store.subscribe(self._on_change)
        self._showing.start()
        work = asyncio.create_task(self._follow(open_session))
        broken = asyncio.create_task(self._pipe_closed.wait())
        try:
            with _signals() as signalled:
                await asyncio.wait(
                    {work, signalled, broken},
                    timeout=self._following.timeout_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                was_done = work.done()
                work.cancel()
                await asyncio.wait({work})  # it closes the session
        finally:
            broken.cancel()
            self._showing.started()
        if was_done:
            work.result()  # raises what it raised
            info = self._store.session(self._session.id) if self._session else None
            return self._showing.conclude(info, self._store)
        return self._cut_short(signalled.result() if signalled.done() else None)

    def _cut_short(self, signalled: int | None) -> int:
        if signalled is not None:
            self._showing.write_object()
            return KILLED_BY + signalled
        if self._pipe_closed.is_set():
            return KILLED_BY + signal.SIGPIPE
        self._showing.note(f"The program did not end within {self._following.timeout_s:g} s and was stopped.")
        self._showing.write_object()
        return FAILED

    async def _follow(self, open_session: OpenSession) -> None:
        async with self._panel():
            session = self._session = await open_session(self._store, self._showing.output)
            going_on = asyncio.create_task(self._go_on_at_stops(session))
            try:
                for breakpoint_, reason in session.unverified:
                    self._showing.note(f"{breakpoint_.path.name}:{breakpoint_.line} is no place to stop: {reason}")
                await session.wait_ended()
            finally:
                going_on.cancel()
                await session.close()

    async def _go_on_at_stops(self, session: DirectSession) -> None:
        while True:
            await self._stops.get()
            with contextlib.suppress(SessionError):  # it ended at the stop: its state in the store tells
                await session.act("continue")

    @asynccontextmanager
    async def _panel(self) -> AsyncGenerator[None]:
        if not self._following.panel:
            yield
            return
        server = PanelServer(self._store, self._act)
        url = await server.start()
        self._showing.say(f"the panel is at {url}")
        try:
            yield
        finally:
            await server.close()

    async def _act(self, session: str, action: Action) -> None:
        if self._session is None or self._session.id != session:
            raise SessionError("The session is not open yet.")
        await self._session.act(action)

    def _on_change(self, change: Change) -> None:
        self._showing.take(change)
        if isinstance(change, StopSettled) and not self._following.panel:
            self._stops.put_nowait(change)


@contextmanager
def _signals() -> Generator[asyncio.Future[int]]:
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
