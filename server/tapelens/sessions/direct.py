"""A debug session of our own: we are the DAP client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import SessionEnded, SessionError, UsageError
from ..store.sessions import SessionInfo, Store
from ..wire.commands import Command, Configuration
from ..wire.envelope import Batch
from .answers import unwrap
from .bootstrap import bootstrap_expression
from .dap import DapChannel
from .interface import Action, Breakpoint, Launch
from .tracking import StopTracker

log = logging.getLogger(__name__)

OnOutput = Callable[[str, str], None]
"""Category (``stdout`` or ``stderr``) and text of the program's output."""

LAUNCH_DEADLINE_S = 60.0
DISCONNECT_DEADLINE_S = 5.0
REAP_DEADLINE_S = 3.0
REAP_LOOK_S = 0.01


class DirectSession:
    """Launches a program under debugpy, or attaches to one that listens."""

    def __init__(self, label: str, store: Store, on_output: OnOutput) -> None:
        self.id = f"direct:{uuid.uuid4().hex[:12]}"
        self.unverified: list[tuple[Breakpoint, str]] = []
        self._store = store
        self._on_output = on_output
        self._adapter: asyncio.subprocess.Process | None = None
        self._channel: DapChannel | None = None
        self._debuggee_pid: int | None = None
        self._initialized = asyncio.Event()
        self._ended = asyncio.Event()
        self._owns_debuggee = False
        self._closing = False
        store.open(SessionInfo(session=self.id, label=label, controls=True))
        self._tracker = StopTracker(self.id, store, self._request)

    # -- ways in -----------------------------------------------------------------------------------

    @classmethod
    async def launch(
        cls, launch: Launch, store: Store, *, configuration: Configuration, on_output: OnOutput
    ) -> DirectSession:
        """Start a program; it runs when this returns, unless it has already stopped or ended.

        Raises:
            UsageError: debugpy is not installed here.
            SessionError: The adapter refused, or did not answer in time.
        """
        label = launch.program.name if launch.program else f"-m {launch.module}"
        session = cls(label, store, on_output)
        session._owns_debuggee = True
        await session._guarded(session._launch(launch, configuration))
        return session

    @classmethod
    async def attach(
        cls,
        host: str,
        port: int,
        store: Store,
        *,
        configuration: Configuration,
        breakpoints: Sequence[Breakpoint],
        on_output: OnOutput,
    ) -> DirectSession:
        """Attach to a program that listens (``python -m debugpy --listen``).

        Raises:
            SessionError: Nothing listens there, another client is attached, or no answer in time.
        """
        session = cls(f"{host}:{port}", store, on_output)
        await session._guarded(session._attach(host, port, configuration, breakpoints))
        return session

    async def _guarded(self, opening: Awaitable[None]) -> None:
        try:
            await opening
        except BaseException as failed:
            self._tracker.end(str(failed) if isinstance(failed, SessionError) else None)
            await self.close()
            raise

    async def _launch(self, launch: Launch, configuration: Configuration) -> None:
        if find_spec("debugpy") is None:
            raise UsageError(
                f"debugpy is not installed beside tapelens: run `{sys.executable} -m pip install debugpy`."
            )
        self._adapter = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "debugpy.adapter",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=2**20,
        )
        assert self._adapter.stdin is not None
        assert self._adapter.stdout is not None
        self._open_channel(self._adapter.stdout, self._adapter.stdin)
        arguments: dict[str, Any] = {
            "name": self._store_label(),
            "type": "debugpy",
            "request": "launch",
            "python": [str(launch.python or sys.executable)],
            "args": list(launch.args),
            "cwd": str(launch.cwd or Path.cwd()),
            "env": dict(launch.env),
            "console": "internalConsole",
            "redirectOutput": True,
            "justMyCode": True,
            "subProcess": False,
        }
        if launch.program is not None:
            arguments["program"] = str(launch.program)
        else:
            arguments["module"] = launch.module
        await self._begin("launch", arguments, configuration, launch.breakpoints, launch.stop_on_uncaught)

    async def _attach(
        self, host: str, port: int, configuration: Configuration, breakpoints: Sequence[Breakpoint]
    ) -> None:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port, limit=2**20), 10.0)
        except (OSError, asyncio.TimeoutError) as refused:
            raise SessionError(
                f"Nothing listens at {host}:{port}: start the program with"
                f" `python -m debugpy --listen {host}:{port} SCRIPT` first."
            ) from refused
        self._open_channel(reader, writer)
        arguments: dict[str, Any] = {
            "name": self._store_label(),
            "type": "debugpy",
            "request": "attach",
            "connect": {"host": host, "port": port},
            "justMyCode": True,
            "subProcess": False,
        }
        await self._begin("attach", arguments, configuration, breakpoints, stop_on_uncaught=True)

    # -- the handshake -----------------------------------------------------------------------------

    async def _begin(
        self,
        command: str,
        arguments: Mapping[str, Any],
        configuration: Configuration,
        breakpoints: Sequence[Breakpoint],
        stop_on_uncaught: bool,  # noqa: FBT001 (passed on by name above)
    ) -> None:
        channel = self._require_channel()
        await channel.request(
            "initialize",
            {
                "clientID": "tapelens",
                "clientName": "tapelens",
                "adapterID": "debugpy",
                "linesStartAt1": True,
                "columnsStartAt1": True,
                "pathFormat": "path",
                "locale": "en",
            },
        )
        begun = channel.send(command, arguments)
        await self._await_initialized(begun)
        await self._put_probe_in(configuration)
        await self._set_breakpoints(breakpoints)
        await channel.request("setExceptionBreakpoints", {"filters": ["uncaught"] if stop_on_uncaught else []})
        await channel.request("configurationDone", {})
        await channel.answer(begun, command, deadline_s=LAUNCH_DEADLINE_S)
        info = self._store.session(self.id)
        if info is not None and info.state == "starting":
            self._store.update(self.id, state="running")

    async def _await_initialized(self, begun: asyncio.Future[Mapping[str, Any]]) -> None:
        """Wait until the debuggee takes settings; a refusal of ``launch`` or ``attach`` comes first."""
        waiting = asyncio.create_task(self._initialized.wait())
        try:
            done, _ = await asyncio.wait(
                {waiting, begun}, timeout=LAUNCH_DEADLINE_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()
        if begun in done and not self._initialized.is_set():
            begun.result()  # raises the refusal
        if not self._initialized.is_set():
            raise SessionError(f"The debugger did not begin within {LAUNCH_DEADLINE_S:g} s.")

    async def _put_probe_in(self, configuration: Configuration) -> None:
        try:
            body = await self._require_channel().request(
                "evaluate",
                {
                    "expression": bootstrap_expression(configuration),
                    "context": "hover",
                    "format": {"rawString": True},
                },
            )
            self._tracker.take(unwrap(str(body.get("result", ""))))
        except SessionEnded:
            raise
        except SessionError as refused:
            self._store.update(self.id, problem=f"The probe could not be put into the program: {refused}")

    async def _set_breakpoints(self, breakpoints: Sequence[Breakpoint]) -> None:
        by_path: dict[Path, list[Breakpoint]] = {}
        for breakpoint_ in breakpoints:
            by_path.setdefault(breakpoint_.path, []).append(breakpoint_)
        for path, group in by_path.items():
            answer = await self._require_channel().request(
                "setBreakpoints",
                {
                    "source": {"path": str(path)},
                    "breakpoints": [
                        {"line": one.line, **({"condition": one.condition} if one.condition else {})} for one in group
                    ],
                },
            )
            for one, told in zip(group, answer.get("breakpoints") or (), strict=False):
                if not told.get("verified"):
                    self.unverified.append((one, str(told.get("message") or "")))

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
        """Until the debuggee has ended and all it said has been filed."""
        await self._ended.wait()

    async def close(self) -> None:
        """See ``Session.close``."""
        if self._closing:
            await self._ended.wait()
            return
        self._closing = True
        channel = self._channel
        if channel is not None:
            if not channel.is_closed:
                with contextlib.suppress(SessionError):
                    await channel.request(
                        "disconnect", {"terminateDebuggee": self._owns_debuggee}, deadline_s=DISCONNECT_DEADLINE_S
                    )
            await channel.close()
        await self._reap()
        self._tracker.end()
        self._ended.set()

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
            case "output":
                if body.get("category", "stdout") in {"stdout", "stderr"}:
                    self._on_output(body.get("category", "stdout"), body.get("output") or "")
            case "process":
                self._debuggee_pid = body.get("systemProcessId")
            case "exited":
                self._debuggee_pid = None  # from now on another process may be given it
                self._tracker.handle_event(event, body)
            case "terminated":
                self._tracker.handle_event(event, body)
                self._ended.set()
            case _:
                self._tracker.handle_event(event, body)

    def _on_closed(self) -> None:
        info = self._store.session(self.id)
        if info is not None and info.state != "ended":
            self._tracker.end(None if self._closing else "The debugger went away before the program ended.")
        self._ended.set()

    def _store_label(self) -> str:
        info = self._store.session(self.id)
        return info.label if info else self.id

    async def _reap(self) -> None:
        """End what we started: the adapter politely, then by force, and a debuggee left behind."""
        adapter = self._adapter
        if adapter is not None:
            try:
                await asyncio.wait_for(adapter.wait(), REAP_DEADLINE_S)
            except asyncio.TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    adapter.kill()
                await adapter.wait()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(adapter.pid, signal.SIGKILL)
        if self._owns_debuggee and self._debuggee_pid is not None:
            await _end_foreign_child(self._debuggee_pid)


async def _end_foreign_child(pid: int) -> None:
    """Kill a process that is the debugger's child and not ours, and see it gone; it cannot be waited for."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
        for _ in range(int(REAP_DEADLINE_S / REAP_LOOK_S)):
            await asyncio.sleep(REAP_LOOK_S)
            os.kill(pid, 0)
