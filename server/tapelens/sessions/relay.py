"""A debug session of an editor's: commands go out through the editor, pushes come in through its tracker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SessionEnded, SessionError
from ..store.sessions import SessionInfo, Store
from ..wire.commands import Command, Configuration
from ..wire.envelope import Batch
from .answers import unwrap
from .children import child_label
from .ends import KILLS
from .handshake import put_probe_in
from .interface import Action, DapRequest
from .paths import PathMap, PathMapping
from .tracking import StopTracker

RELAY_DEADLINE_S = 20.0


class RelaySession:
    """The user's own debug session, as the editor tells of it.

    The editor evaluates the bootstrap itself and passes its answer on as the event
    ``tapelensBootstrap`` with ``{"result": text}`` or ``{"error": text}``, and tells by the event
    ``tapelensStopping`` that its user ends the session.

    Args:
        configuration: How the probe begins where the editor's own evaluation did not put it in and the
            server does so itself: too early for the editor, or in a program that cannot see our files;
            None when the server never does.
        paths: What the debuggee's paths are to the editor.
        parent: The session of the process that started this one.
    """

    def __init__(
        self,
        session_id: str,
        store: Store,
        request: DapRequest,
        *,
        label: str,
        configuration: Configuration | None,
        paths: Sequence[PathMapping] = (),
        parent: str | None = None,
    ) -> None:
        self.id = session_id
        self._configuration = configuration
        self._entering: asyncio.Task[None] | None = None
        self._store = store
        self._editor_request = request
        self._is_child = parent is not None
        self._stopping = False
        store.open(SessionInfo(session=session_id, label=label, parent=parent, controls=True))
        self._tracker = StopTracker(session_id, store, self._request, PathMap(paths))

    def handle_event(self, event: str, body: Mapping[str, Any]) -> None:
        """Take one event that the editor passed on."""
        match event:
            case "tapelensBootstrap":
                self._on_bootstrap(body)
            case "tapelensStopping":
                self._stopping = True
            case _:
                if event == "exited":
                    self._on_exited(body)
                self._tracker.handle_event(event, body)

    async def act(self, action: Action) -> None:
        """See ``Session.act``."""
        if action == "stop":
            self._stopping = True
            await self._request("disconnect", {"terminateDebuggee": True})
            return
        await self._tracker.move(action)

    async def ask_probe(self, command: Command, *, frame_id: int | None = None) -> Batch:
        """See ``Session.ask_probe``."""
        return await self._tracker.ask_probe(command, frame_id=frame_id)

    async def close(self) -> None:
        """The editor ends its sessions itself; this forgets the session's state."""
        if self._entering is not None:
            self._entering.cancel()
        self._tracker.end()

    async def _request(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return await asyncio.wait_for(self._editor_request(command, arguments), RELAY_DEADLINE_S)
        except asyncio.TimeoutError as late:
            raise SessionError(f"The editor did not answer {command!r} within {RELAY_DEADLINE_S:g} s.") from late

    def _on_exited(self, body: Mapping[str, Any]) -> None:
        by = KILLS.get(body.get("exitCode", 0))
        if by is not None and not self._stopping:
            self._store.update(self.id, problem=f"The program was killed by {by.name}.")

    def _on_bootstrap(self, body: Mapping[str, Any]) -> None:
        refused = body.get("error")
        if refused is None:
            try:
                self._greet(unwrap(str(body.get("result", ""))))
            except SessionError as unfit:
                refused = str(unfit)
        if refused is None:
            return
        if self._configuration is None:
            self._tell_absent(str(refused))
            return
        self._entering = asyncio.get_running_loop().create_task(self._enter(self._configuration, str(refused)))

    async def _enter(self, configuration: Configuration, refused: str) -> None:
        """Put the probe in, late; what the editor was told first is what is said when that fails too."""
        try:
            greeting = await put_probe_in(self._request, configuration)
        except SessionError as again:
            if not isinstance(again, SessionEnded) and self._is_open():
                self._tell_absent(refused)
            return
        if self._is_open():
            self._greet(greeting)

    def _greet(self, greeting: Batch) -> None:
        process = greeting.process
        if self._is_child and process.rank is not None:
            self._store.update(self.id, label=child_label(process))
        self._tracker.greet(greeting)
        info = self._store.session(self.id)
        if info is not None and info.state == "starting":
            self._store.update(self.id, state="running")

    def _tell_absent(self, why: str) -> None:
        self._store.update(self.id, problem=f"The probe could not be put into the program: {why}")

    def _is_open(self) -> bool:
        info = self._store.session(self.id)
        return info is not None and info.state != "ended"
