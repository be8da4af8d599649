"""The language server: its store, its sessions, and how it begins and ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from .. import __version__
from ..check.judge import Judge
from ..errors import SessionEnded, SessionError, UsageError
from ..sessions.interface import Session
from ..settings import Settings as ProjectSettings
from ..settings import SettingsReader
from ..store.sessions import Change, SessionChanged, Store
from ..wire.findings import Finding
from .documents import Documents
from .messages import METHOD_OF, Announcement, to_params
from .protocol import Command, TapelensProtocol
from .settings import Settings
from .transport import FramingError, read_messages

log = logging.getLogger(__name__)

CLOSE_DEADLINE_S = 15.0
"""For ending all debuggees; a session's own deadlines are shorter."""


class Writer(Protocol):
    """What the protocol writes to."""

    def write(self, data: bytes) -> None:
        """Take a message."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class TapelensServer(LanguageServer):
    """One client's server.

    Attributes:
        store: What was seen in every session.
        settings: The client's.
        documents: The texts of files, as the client has them open.
        findings_of: What is marked in a file now.
        lint_changed: To be called when the settings say otherwise whether source is looked through.
        publish_found: Marks what was found in whole folders; gives how many are shown.
    """

    protocol: TapelensProtocol  # pyright: ignore[reportIncompatibleVariableOverride] (made in __init__)

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] (pygls leaves *args untyped)
            "tapelens", __version__, protocol_cls=TapelensProtocol, converter_factory=default_converter
        )
        self.documents = Documents(lambda: self.workspace)
        self.store = Store(judge=lambda finding: Judge(SettingsReader(), texts=self.documents).judge(finding))
        self.settings = Settings()
        self.findings_of: Callable[[str], Sequence[tuple[Finding, types.Diagnostic]]] = lambda _path: ()
        self.publish_found: Callable[[Mapping[str, Sequence[Finding]]], int] = lambda _found: 0
        self.lint_changed: Callable[[], None] = lambda: None
        self._sessions: dict[str, Session] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._aside: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self.store.subscribe(self._on_change)

    # -- sessions ------------------------------------------------------------------------------------

    def keep(self, session: Session) -> None:
        """Keep a session until it has ended, or the server does."""
        self._sessions[session.id] = session
        info = self.store.session(session.id)
        if info is not None and info.state == "ended":
            self._release(session.id)

    def session(self, session: str) -> Session:
        """A session that has not ended.

        Raises:
            SessionError: There is none of that id.
            SessionEnded: It has ended.
        """
        if session in self._sessions:
            return self._sessions[session]
        if self.store.session(session) is not None:
            raise SessionEnded(f"The session {session!r} has ended.")
        raise SessionError(f"There is no session {session!r}: tapelens.launch and tapelens.attach answer with the id.")

    def live_sessions(self) -> list[Session]:
        """All sessions that have not ended."""
        return list(self._sessions.values())

    async def close_sessions(self) -> None:
        """End every session and reap what is ours; only the first call has something to do."""
        for session in list(self._sessions):
            self._release(session)
        if not self._closing:
            return
        _, late = await asyncio.wait(self._closing, timeout=CLOSE_DEADLINE_S)
        for task in late:
            task.cancel()
            log.error("%s did not end within %g s", task.get_name(), CLOSE_DEADLINE_S)

    def _release(self, session_id: str) -> None:
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        task = asyncio.get_running_loop().create_task(session.close(), name=f"session {session_id}")
        self._closing.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._on_closed)

    def _on_closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s could not be closed", task.get_name(), exc_info=error)

    def _on_change(self, change: Change) -> None:
        if isinstance(change, SessionChanged) and change.info.state == "ended":
            self._release(change.info.session)

    def run_aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what nobody waits for; a fault of it is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._aside.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._on_run)

    def _on_run(self, task: asyncio.Task[None]) -> None:
        self._aside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something that ran aside failed", exc_info=error)

    # -- the client ------------------------------------------------------------------------------------

    def add_command(self, name: str, arguments: type[Any], command: Command) -> None:
        """Offer a command whose one argument is an object read as ``arguments``."""
        self.command(name)(command)  # pygls lists it among the server's capabilities
        self.protocol.commands[name] = (arguments, command)

    def announce(self, message: Announcement) -> None:
        """Tell the client, if it asked to be told."""
        if self.settings.notifications:
            self.protocol.notify(METHOD_OF[type(message)], to_params(message))

    def project(self) -> ProjectSettings:
        """What the workspace says of its rules; the defaults where it cannot be read, which is said as one types."""
        root = self.workspace.root_path
        try:
            return SettingsReader().of(Path(root).absolute()) if root is not None else ProjectSettings()
        except UsageError:
            return ProjectSettings()

    def warn(self, sentence: str) -> None:
        """Say something to the person before the client."""
        log.warning("%s", sentence)
        message = types.ShowMessageParams(type=types.MessageType.Warning, message=f"tapelens: {sentence}")
        self.window_show_message(message)

    def end(self) -> None:
        """Make ``serve`` return; everything is closed there."""
        self._over.set()

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> int:
        """Talk to one client until it says ``exit`` or vanishes; no session outlives this.

        Returns:
            LSP's exit status: 0 when the client asked for ``shutdown`` first, else 1.
        """
        self.protocol.set_writer(writer)  # pyright: ignore[reportArgumentType] (pygls' own types name no base)
        self.protocol.on_exit = self.end
        reading = asyncio.create_task(self._read(reader))
        ending = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and (fault := reading.exception()) is not None:
                log.critical("the server cannot go on", exc_info=fault)
        finally:
            reading.cancel()
            ending.cancel()
            await self.close_sessions()
            writer.close()
        return 0 if self.protocol.is_shut_down else 1

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            async for body in read_messages(reader):
                self.protocol.receive(body)
        except FramingError as broken:
            log.error("hung up: %s", broken)  # noqa: TRY400 (the sentence says it all)

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ANN401 (pygls' own signature)
        """A fault of ours goes to the log; a client's message box is no place for it."""
        if source is not FeatureRequestError:  # that one has been answered
            log.error("%s: %s", getattr(source, "__name__", source), error)
