"""What one panel hears: everything that is known, then every change as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from .. import __version__
from ..errors import TapelensError, WireError
from ..report.panel import panel_gradients, panel_stop
from ..sessions.interface import Action
from ..store.sessions import (
    Change,
    FindingArrived,
    GradientsArrived,
    SessionChanged,
    SessionInfo,
    StopArrived,
    StopSettled,
    Store,
    UncaughtArrived,
)
from ..wire import VERSION
from ..wire.asked import Previewed, TapePage
from ..wire.commands import Command, Preview, Tape
from ..wire.encode import to_json
from ..wire.envelope import Batch, ProbeMessage
from ..wire.panel import (
    AskPreview,
    AskTape,
    Control,
    OpenSource,
    PanelFinding,
    PanelHello,
    PanelPreview,
    PanelSession,
    PanelTapePage,
    PanelUncaught,
    Refused,
    ToPanel,
    Welcome,
)
from ..wire.reading import read_from_panel

log = logging.getLogger(__name__)

Act = Callable[[str, Action], Awaitable[None]]
Ask = Callable[[str, Command], Awaitable[Batch]]

REPLAY_BYTES = 48 * 2**20
"""Stops and gradients that a panel gets when it opens: the newest, until they weigh this much."""


class PanelFeed:
    """One panel's end of the store, in a webview or behind a web socket.

    Everything is called on the event loop that the store lives on. Asking for a source line is the
    editor's to answer and is passed over here.

    Args:
        send: Takes one message to the panel; must not block.
        act: Continues, steps, pauses or stops a session.
        ask: Has a session's probe run a command.
    """

    def __init__(self, store: Store, send: Callable[[str], None], *, act: Act, ask: Ask) -> None:
        self._store = store
        self._send = send
        self._act = act
        self._ask = ask
        self._unsubscribe: Callable[[], None] | None = None
        self._greeted = False
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Follow the store; the panel hears nothing before it has said hello."""
        if self._unsubscribe is None:
            self._unsubscribe = self._store.subscribe(self._hear)

    def close(self) -> None:
        """Say nothing more; an action under way is left to finish."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._greeted = False

    def receive(self, text: str) -> None:
        """Take one message of the panel's; what does not fit is refused in a sentence."""
        try:
            message = read_from_panel(text)
        except WireError as error:
            self._refuse(str(error))
            return
        match message:
            case PanelHello():
                self._greet()
            case OpenSource():
                pass
            case _ if self._store.session(message.session) is None:
                self._refuse("That session is no longer known here.")
            case Control():
                self._run(self._control(message))
            case AskPreview():
                self._run(self._pass_on(message.session, Preview(kind="preview", depth=0, expression="")))
            case AskTape():
                tape = Tape(kind="tape", depth=0, first=message.first, count=message.count)
                self._run(self._pass_on(message.session, tape))

    def _greet(self) -> None:
        self._greeted = True
        self._tell(Welcome(kind="welcome", wire=VERSION, version=__version__))
        for text in self._everything():
            self._send(text)

    def _everything(self) -> list[str]:
        """All that is known, oldest first; of much, the newest that weigh ``REPLAY_BYTES`` together."""
        left = REPLAY_BYTES
        newest_first: list[str] = []
        for info in reversed(self._store.sessions()):
            session = info.session
            newest_first += [to_json(self._to_panel(change)) for change in self._small_changes(session)]
            for index, change in enumerate(self._large_changes(session)):
                text = to_json(self._to_panel(change))
                left -= len(text)
                if left < 0 and index > 0:
                    break
                newest_first.append(text)
            newest_first.append(to_json(_panel_session(info)))
        return newest_first[::-1]

    def _small_changes(self, session: str) -> Iterator[Change]:
        for uncaught in reversed(self._store.uncaught(session)):
            yield UncaughtArrived(session=session, uncaught=uncaught)
        for finding in reversed(self._store.findings(session)):
            yield FindingArrived(session=session, finding=finding)

    def _large_changes(self, session: str) -> Iterator[Change]:
        """Stops and gradients, newest first."""
        changes: list[tuple[int, Change]] = [
            (stop.snapshot.stop, StopArrived(stop=stop)) for stop in self._store.stops(session)
        ]
        changes += [
            (gradients.stop, GradientsArrived(session=session, gradients=gradients))
            for gradients in self._store.gradients(session)
        ]
        changes.sort(key=lambda change: change[0])  # a backward follows the stop of its number
        for _, change in reversed(changes):
            yield change

    def _hear(self, change: Change) -> None:
        if self._greeted and (message := self._to_panel(change)) is not None:
            self._tell(message)

    def _to_panel(self, change: Change) -> ToPanel | None:
        match change:
            case StopSettled():
                return None  # its session's state and its snapshot have been told
            case SessionChanged():
                return _panel_session(change.info)
            case StopArrived():
                return panel_stop(change.stop)
            case GradientsArrived():
                stops = self._store.stops(change.session)
                return panel_gradients(change.session, change.gradients, stops)
            case FindingArrived():
                return PanelFinding(kind="session_finding", session=change.session, finding=change.finding)
            case UncaughtArrived():
                return PanelUncaught(kind="session_uncaught", session=change.session, uncaught=change.uncaught)

    async def _control(self, control: Control) -> None:
        try:
            await self._act(control.session, control.action)
        except TapelensError as error:
            self._refuse(str(error))

    async def _pass_on(self, session: str, command: Command) -> None:
        """Have the probe run a command, and tell the panel its answer."""
        try:
            batch = await self._ask(session, command)
        except TapelensError as error:
            self._refuse(str(error))
            return
        told = [answer for message in batch.messages if (answer := _answer_to_panel(session, message)) is not None]
        for answer in told:
            self._tell(answer)
        if not told:
            self._refuse("The program's graph could not be read at this stop.")

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an action asked for by the panel failed", exc_info=error)

    def _tell(self, message: ToPanel) -> None:
        self._send(to_json(message))

    def _refuse(self, reason: str) -> None:
        self._tell(Refused(kind="refused", reason=reason))


def _answer_to_panel(session: str, message: ProbeMessage) -> ToPanel | None:
    match message:
        case TapePage():
            return PanelTapePage(kind="stop_tape", session=session, page=message)
        case Previewed():
            return PanelPreview(kind="stop_preview", session=session, preview=message)
        case _:
            return None


def _panel_session(info: SessionInfo) -> PanelSession:
    return PanelSession(
        kind="session",
        session=info.session,
        label=info.label,
        state=info.state,
        torch=info.torch,
        torch_version=info.torch_version,
        process=info.process,
        parent=info.parent,
        controls=info.controls,
        problem=info.problem,
    )
