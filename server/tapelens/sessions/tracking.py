"""From DAP events to the store: the same for a session that we drive and one that an editor drives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from ..errors import SessionError, WireError
from ..store.sessions import Change, StopArrived, StopSettled, Store
from ..wire.commands import Capture, Command, Preview, Tape
from ..wire.envelope import Batch
from ..wire.reading import read_batch
from ..wire.snapshot import Snapshot
from .answers import unwrap
from .bootstrap import command_expression
from .interface import Action, DapRequest
from .paths import PathMap

log = logging.getLogger(__name__)

PUSH_PATIENCE_S = 1.0
"""How long after ``stopped`` a pushed snapshot is waited for before one is asked for."""

_GOES_ON: Mapping[Action, str] = {
    "continue": "continue",
    "next": "next",
    "step_in": "stepIn",
    "step_out": "stepOut",
}
"""DAP's requests that let a stopped program run."""


class StopTracker:
    """Follows one DAP session's events and keeps its record in the store true.

    A snapshot is normally pushed as the thread suspends. Where it does not come (an unarmed probe,
    a debugger whose internals do not fit), the tracker asks for it; an answer that comes after the
    program went on is dropped.

    Args:
        paths: What the debuggee's paths are here.
    """

    def __init__(self, session: str, store: Store, request: DapRequest, paths: PathMap) -> None:
        self.session = session
        self._store = store
        self._request = request
        self._paths = paths
        self._generation = 0
        self._stops = 0
        self._is_pushed = False
        self._pushed = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None
        self._unsubscribe = store.subscribe(self._on_change)
        self.stopped_thread: int | None = None

    def handle_event(self, event: str, body: Mapping[str, Any]) -> None:
        """Take one event of the debug adapter's, in the order in which they came."""
        match event:
            case "stopped":
                self._on_stopped(body)
            case "continued":
                self._on_going_on()
            case "tapelens":
                self._on_push(body)
            case "exited":
                self._store.update(self.session, exit_code=body.get("exitCode"))
            case "terminated":
                self.end()
            case _:
                pass

    async def move(self, action: Action) -> None:
        """Continue, step or pause; what is still asked of the present stop comes too late then.

        Raises:
            SessionError: The program runs already, has ended, or the debugger does not answer.
        """
        thread = self.stopped_thread
        if action in _GOES_ON:
            if thread is None:
                raise SessionError("The program is running: there is nothing to continue.")
            self._on_going_on()
        elif thread is None:
            answer = await self._request("threads", {})
            thread = int(answer["threads"][0]["id"])
        await self._request(_GOES_ON.get(action, "pause"), {"threadId": thread})

    def end(self, problem: str | None = None) -> None:
        """The session is over; only the first call counts."""
        info = self._store.session(self.session)
        self._generation += 1
        self._unsubscribe()
        if self._settling is not None:
            self._settling.cancel()
        if info is not None and info.state != "ended":
            self._store.update(self.session, state="ended", problem=problem or info.problem, stop_reason="")

    async def ask_probe(self, command: Command, *, frame_id: int | None) -> Batch:
        """Evaluate a command in the debuggee and read the answer.

        What is asked of the stop itself finds its frame by its depth.

        Raises:
            SessionError: The program runs, went on meanwhile, or the probe refused.

        Source:
            ``rawString`` makes debugpy return a str whole and unquoted, and only ``hover`` reports
            exceptions as failures.
        """
        arguments: dict[str, Any] = {
            "expression": command_expression(command),
            "context": "hover",
            "format": {"rawString": True},
        }
        if frame_id is None and isinstance(command, Tape | Preview):
            return await self._ask_of_stop(command)
        if frame_id is not None:
            arguments["frameId"] = frame_id
        body = await self._request("evaluate", arguments)
        return unwrap(str(body.get("result", "")))

    async def _ask_of_stop(self, command: Tape | Preview) -> Batch:
        thread, generation = self.stopped_thread, self._generation
        if thread is None:
            raise SessionError("The program is running: what it computes can be read once it stands still.")
        frame = await self._frame(thread, command.depth)
        if "id" not in frame:
            raise SessionError(f"The stopped thread has no frame {command.depth} calls up.")
        batch = await self.ask_probe(command, frame_id=int(frame["id"]))
        if generation != self._generation:
            raise SessionError("The program went on before the answer came.")
        return batch

    def take(self, batch: Batch) -> None:
        """File what the probe sent or answered."""
        self._store.take(self.session, batch)

    def greet(self, batch: Batch) -> None:
        """File what the probe said as it came in; a program that stands still already is looked at now."""
        self.take(self._paths.mapped(batch))
        thread = self.stopped_thread
        if thread is not None and not self._pushed.is_set() and self._settling is not None and self._settling.done():
            self._settling = asyncio.create_task(self._look(self._generation, thread))

    def _on_push(self, body: Mapping[str, Any]) -> None:
        try:
            batch = read_batch(str(body.get("data")))
        except WireError as broken:
            log.warning("dropped what the probe sent: %s", broken)
            self._store.update(self.session, problem=str(broken))
            return
        self.take(self._paths.mapped(batch))

    def _on_change(self, change: Change) -> None:
        if isinstance(change, StopArrived) and change.stop.session == self.session:
            self._pushed.set()

    def _on_going_on(self) -> None:
        self._generation += 1
        self.stopped_thread = None
        if self._settling is not None:
            self._settling.cancel()
        info = self._store.session(self.session)
        if info is not None and info.state in {"stopped", "starting"}:
            self._store.update(self.session, state="running", stop_reason="")

    def _on_stopped(self, body: Mapping[str, Any]) -> None:
        self._generation += 1
        self._pushed.clear()
        told: Mapping[str, Any] = body.get("tapelens") or {}
        self._is_pushed = "stop" in told
        self._stops = int(told.get("stop") or self._stops + 1)
        self.stopped_thread = int(body.get("threadId") or 0)
        reason = str(body.get("reason") or "pause")
        self._store.update(self.session, state="stopped", stop_reason=reason)
        if self._settling is not None:
            self._settling.cancel()
        self._settling = asyncio.create_task(self._settle(self._generation, reason, str(body.get("text") or "")))

    async def _settle(self, generation: int, reason: str, text: str) -> None:
        thread = self.stopped_thread or 0
        frame: dict[str, Any] = {}
        try:
            frame = await self._frame(thread, 0)
            await self._await_snapshot(generation, thread, frame.get("id"))
        except SessionError as refused:
            log.debug("a stop without its facts: %s", refused)
        if generation != self._generation:
            return
        source: dict[str, str] = frame.get("source") or {}
        self._store.settle(
            StopSettled(
                session=self.session,
                reason=reason,
                text=text,
                thread=thread,
                path=source.get("path"),
                line=int(frame.get("line") or 0),
                function=str(frame.get("name") or ""),
                snapshot=self._latest_snapshot(thread) if self._pushed.is_set() else None,
            )
        )

    async def _look(self, generation: int, thread: int) -> None:
        try:
            frame = await self._frame(thread, 0)
            await self._ask_for_snapshot(generation, thread, frame.get("id"))
        except SessionError as refused:
            log.debug("a probe that came late finds nothing: %s", refused)

    async def _frame(self, thread: int, depth: int) -> dict[str, Any]:
        answer = await self._request("stackTrace", {"threadId": thread, "startFrame": depth, "levels": 1})
        frames: list[dict[str, Any]] = answer.get("stackFrames") or [{}]
        return frames[0]

    async def _await_snapshot(self, generation: int, thread: int, frame_id: int | None) -> None:
        info = self._store.session(self.session)
        if info is None or not (info.torch == "watching" or (info.torch == "not_imported" and not self._is_pushed)):
            return  # without pushes nobody tells that torch was imported meanwhile
        try:
            await asyncio.wait_for(self._pushed.wait(), PUSH_PATIENCE_S if self._is_pushed else 0)
        except asyncio.TimeoutError:
            await self._ask_for_snapshot(generation, thread, frame_id)

    async def _ask_for_snapshot(self, generation: int, thread: int, frame_id: int | None) -> None:
        asked = Capture(kind="capture", thread=thread, depth=0, stop=self._stops)
        batch = await self.ask_probe(asked, frame_id=frame_id)
        if generation == self._generation:
            self.take(batch)

    def _latest_snapshot(self, thread: int) -> Snapshot | None:
        for stop in reversed(self._store.stops(self.session)):
            if stop.snapshot.thread == thread and stop.snapshot.depth == 0:
                return stop.snapshot
        return None
