"""A debug session of our own: we are the DAP client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..errors import SessionEnded, SessionError
from ..store.sessions import SessionInfo, Store
from ..wire.commands import Command, Configuration, Detach
from ..wire.envelope import Batch
from .adapter import end_foreign_child, reap_adapter, start_adapter
from .arguments import attach_arguments, launch_arguments, mapping_argument
from .children import Children, child_label
from .dap import DapChannel
from .handshake import Wishes, begin
from .interface import Action, Breakpoint, Launch
from .paths import PathMap, PathMapping
from .pids import Injector, check_pid, injector_environment, until_untraced, why_failed
from .tracking import StopTracker

log = logging.getLogger(__name__)

OnOutput = Callable[[str, str], None]
"""Category (``stdout`` or ``stderr``) and text of the program's output."""

CONNECT_DEADLINE_S = 10.0
DETACH_DEADLINE_S = 2.0
DISCONNECT_DEADLINE_S = 5.0


class DirectSession:
    """Launches a program under debugpy, or attaches to one; what it starts itself are sessions beside it.

    Args:
        owns_debuggee: It ends with the session.
        parent: The session of the process that started this one.
        on_child: Told of each session of a process that the program started, and of theirs.
    """

    def __init__(
        self,
        label: str,
        store: Store,
        on_output: OnOutput,
        wishes: Wishes,
        *,
        owns_debuggee: bool,
        parent: str | None = None,
        on_child: OnChild | None = None,
    ) -> None:
        self.id = f"direct:{uuid.uuid4().hex[:12]}"
        self.unverified: Sequence[tuple[Breakpoint, str]] = ()
        self._store = store
        self._on_output = on_output
        self._wishes = wishes
        self._owns_debuggee = owns_debuggee
        self._parent = parent
        self._on_child = on_child
        self._adapter: asyncio.subprocess.Process | None = None
        self._channel: DapChannel | None = None
        self._debuggee_pid: int | None = None
        self._injector: Injector | None = None
        self._injected_pid: int | None = None
        self._initialized = asyncio.Event()
        self._ended = asyncio.Event()
        self._has_probe = False
        self._closing = False
        self._closed = asyncio.Event()
        self._children = Children(self._open_child)
        store.open(SessionInfo(session=self.id, label=label, parent=parent, controls=True))
        self._tracker = StopTracker(self.id, store, self._request, PathMap(wishes.paths))

    # -- ways in -----------------------------------------------------------------------------------

    @classmethod
    async def launch(
        cls,
        launch: Launch,
        store: Store,
        *,
        configuration: Configuration | None,
        on_output: OnOutput,
        on_child: OnChild | None = None,
    ) -> DirectSession:
        """Start a program; it runs when this returns, unless it has already stopped or ended.

        Raises:
            UsageError: debugpy is not installed here.
            SessionError: The adapter refused, or did not answer in time.
        """
        label = launch.program.name if launch.program else f"-m {launch.module}"
        wishes = Wishes(
            configuration=configuration,
            breakpoints=launch.breakpoints,
            function_breakpoints=launch.function_breakpoints,
            stop_on_uncaught=launch.stop_on_uncaught,
        )
        session = cls(label, store, on_output, wishes, owns_debuggee=True, on_child=on_child)
        await session._guarded(session._begin_with_adapter("launch", launch_arguments(launch, label)))
        return session

    @classmethod
    async def attach(
        cls,
        host: str,
        port: int,
        store: Store,
        *,
        configuration: Configuration | None,
        breakpoints: Sequence[Breakpoint],
        on_output: OnOutput,
        on_child: OnChild | None = None,
        paths: Sequence[PathMapping] = (),
    ) -> DirectSession:
        """Attach to a program that listens (``python -m debugpy --listen``).

        Raises:
            SessionError: Nothing listens there, another client is attached, or no answer in time.
        """
        wishes = Wishes(configuration=configuration, breakpoints=breakpoints, paths=paths)
        session = cls(f"{host}:{port}", store, on_output, wishes, owns_debuggee=False, on_child=on_child)
        where = {"connect": {"host": host, "port": port}, "pathMappings": [mapping_argument(each) for each in paths]}
        arguments = attach_arguments(f"{host}:{port}") | where
        await session._guarded(session._begin_at(host, port, arguments))
        return session

    @classmethod
    async def attach_pid(
        cls,
        pid: int,
        store: Store,
        *,
        configuration: Configuration | None,
        breakpoints: Sequence[Breakpoint],
        on_output: OnOutput,
    ) -> DirectSession:
        """Attach to a process that runs without a debugger; it may take 10 s.

        Processes that it starts are not followed: debugpy does not tell of them here.

        Raises:
            UsageError: debugpy is not installed here.
            SessionError: The system does not allow it, or no answer in time.
        """
        check_pid(pid)
        wishes = Wishes(configuration=configuration, breakpoints=breakpoints)
        session = cls(f"process {pid}", store, on_output, wishes, owns_debuggee=False)
        await session._guarded(session._inject(pid))
        return session

    async def _inject(self, pid: int) -> None:
        """Begin, unless the injector fails first: debugpy's adapter would wait a minute longer."""
        arguments = attach_arguments(f"process {pid}") | {"processId": pid}
        self._injected_pid = pid
        self._injector = said = Injector()
        opening = self._begin_with_adapter("attach", arguments, environment=injector_environment(pid))
        beginning = asyncio.create_task(opening)
        failing = asyncio.create_task(said.failed.wait())
        try:
            await asyncio.wait({beginning, failing}, return_when=asyncio.FIRST_COMPLETED)
            if not beginning.done():
                raise SessionError(why_failed(pid, await said.whole()))
            await beginning
        finally:
            beginning.cancel()
            failing.cancel()

    async def _open_child(self, body: Mapping[str, Any]) -> DirectSession:
        """Attach to a process that the program has started."""
        where: Mapping[str, Any] = body.get("connect") or {}
        child = DirectSession(
            f"process {body.get('subProcessId')}",
            self._store,
            _no_output,
            self._wishes,
            owns_debuggee=self._owns_debuggee,
            parent=self.id,
            on_child=self._on_child,
        )
        if self._on_child is not None:
            self._on_child(child)
        await child._guarded(child._begin_at(str(where.get("host")), int(where.get("port") or 0), body))
        return child

    async def _guarded(self, opening: Awaitable[None]) -> None:
        try:
            await opening
        except BaseException as failed:
            self._tracker.end(str(failed) if isinstance(failed, SessionError) else None)
            await self.close()
            raise

    async def _begin_with_adapter(
        self, command: str, arguments: Mapping[str, Any], *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._adapter = await start_adapter(environment or {})
        assert self._adapter.stdin is not None
        assert self._adapter.stdout is not None
        self._open_channel(self._adapter.stdout, self._adapter.stdin)
        await self._begin(command, arguments)

    async def _begin_at(self, host: str, port: int, arguments: Mapping[str, Any]) -> None:
        try:
            opening = asyncio.open_connection(host, port, limit=2**20)
            reader, writer = await asyncio.wait_for(opening, CONNECT_DEADLINE_S)
        except (OSError, asyncio.TimeoutError) as refused:
            raise SessionError(
                f"Nothing listens at {host}:{port}: start the program with"
                f" `python -m debugpy --listen {host}:{port} SCRIPT` first."
            ) from refused
        self._open_channel(reader, writer)
        await self._begin("attach", arguments)

    async def _begin(self, command: str, arguments: Mapping[str, Any]) -> None:
        self.unverified = await begin(
            self._require_channel(),
            command,
            arguments,
            self._wishes,
            initialized=self._initialized,
            greet=self._greeted,
        )
        info = self._store.session(self.id)
        if info is not None and info.state == "starting":
            self._store.update(self.id, state="running")

    def _greeted(self, greeting: Batch | None, problem: str | None) -> None:
        if greeting is None:
            self._store.update(self.id, problem=problem)
            return
        self._has_probe = True
        if self._parent is not None:
            self._store.update(self.id, label=child_label(greeting.process))
        self._tracker.greet(greeting)

    # -- what a session can do -----------------------------------------------------------------------

    async def act(self, action: Action) -> None:
        """See ``Session.act``."""
        if action == "stop":
            await self.close()
            return
        await self._tracker.move(action)

    async def ask_probe(self, command: Command, *, frame_id: int | None = None) -> Batch:
        """See ``Session.ask_probe``."""
        return await self._tracker.ask_probe(command, frame_id=frame_id)

    async def wait_ended(self) -> None:
        """Until the debuggee and the processes that it started have ended and all they said has been filed."""
        await self._ended.wait()
        await self._children.wait_ended()

    async def close(self) -> None:
        """See ``Session.close``; the children of a program that ended by itself are waited for.

        debugpy's adapter ends those of a launched program then, and leaves those of one attached to.
        """
        if self._closing:
            await self._closed.wait()
            return
        self._closing = True
        try:
            if self._ended.is_set():
                await self._children.wait_ended()
            await self._children.close()
            await self._leave()
        finally:
            await self._reap()
            self._tracker.end()
            self._ended.set()
            self._closed.set()

    async def _reap(self) -> None:
        """End what we started, and a debuggee left behind."""
        if self._injected_pid is not None:
            await until_untraced(self._injected_pid)
        if self._adapter is not None:
            await reap_adapter(self._adapter)
        if self._owns_debuggee and self._debuggee_pid is not None:
            await end_foreign_child(self._debuggee_pid)

    async def _leave(self) -> None:
        channel = self._channel
        if channel is None:
            return
        if not channel.is_closed:
            with contextlib.suppress(SessionError, asyncio.TimeoutError):
                if self._has_probe and not self._owns_debuggee:  # it goes on, without what we put in
                    detaching = self.ask_probe(Detach(kind="detach"))
                    await asyncio.wait_for(detaching, DETACH_DEADLINE_S)
            with contextlib.suppress(SessionError):
                ending = {"terminateDebuggee": self._owns_debuggee}
                await channel.request("disconnect", ending, deadline_s=DISCONNECT_DEADLINE_S)
        await channel.close()

    # -- inside ----------------------------------------------------------------------------------------

    def _open_channel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._channel = DapChannel(reader, writer, on_event=self._on_event, on_closed=self._on_closed)

    def _require_channel(self) -> DapChannel:
        if self._channel is None:
            raise SessionEnded("The debug session has not begun.")
        return self._channel

    async def _request(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._require_channel().request(command, arguments)

    def _on_event(self, event: str, body: Mapping[str, Any]) -> None:
        match event:
            case "initialized":
                self._initialized.set()
            case "output" if self._injector is not None:  # the program's own goes where it went before
                self._injector.hear(body.get("output") or "")
            case "output":
                if body.get("category", "stdout") in {"stdout", "stderr"}:
                    self._on_output(body.get("category", "stdout"), body.get("output") or "")
            case "debugpyAttach":
                self._children.take(body)
            case "process":
                self._debuggee_pid = body.get("systemProcessId")
            case "exited":
                self._debuggee_pid = None  # from now on another process may be given it
                self._tracker.handle_event(event, body)
            case "terminated":
                if self._parent is not None and not self._closing:
                    self._debuggee_pid = None  # nobody tells when a child has exited
                self._tracker.handle_event(event, body)
                self._ended.set()
            case _:
                self._tracker.handle_event(event, body)

    def _on_closed(self) -> None:
        info = self._store.session(self.id)
        if info is not None and info.state != "ended":
            self._tracker.end(None if self._closing else "The debugger went away before the program ended.")
        self._ended.set()


OnChild = Callable[[DirectSession], None]


def _no_output(_category: str, _text: str) -> None:
    """A child writes to its parent's streams, or where the parent wants it."""
