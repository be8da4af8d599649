"""The Debug Adapter Protocol's base: framing, requests with deadlines, events, reverse requests.

No client library fitted: the kept one needs pydantic's compiled core (docs/decisions/0002).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from ..errors import SessionEnded, SessionError

log = logging.getLogger(__name__)

EventListener = Callable[[str, Mapping[str, Any]], None]
ReverseRequest = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

LARGEST_MESSAGE_BYTES = 256 * 1024 * 1024
DEFAULT_DEADLINE_S = 20.0


async def _refuse(command: str, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    raise SessionError(f"the request {command!r} is not supported")


class DapChannel:
    """One connection to a debug adapter."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        on_event: EventListener,
        on_closed: Callable[[], None],
        on_reverse_request: ReverseRequest = _refuse,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._on_closed = on_closed
        self._on_reverse_request = on_reverse_request
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._answers: set[asyncio.Task[None]] = set()
        self._closed = False
        self._pump = asyncio.create_task(self._read_all())

    @property
    def is_closed(self) -> bool:
        """The adapter is gone."""
        return self._closed

    def send(self, command: str, arguments: Mapping[str, Any]) -> asyncio.Future[Mapping[str, Any]]:
        """Send a request now; the future gives the response's body.

        Raises:
            SessionEnded: The connection is closed already.
        """
        if self._closed:
            raise SessionEnded("The debug session has ended.")
        self._sequence += 1
        waiting: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._sequence] = waiting
        self._write({"seq": self._sequence, "type": "request", "command": command, "arguments": arguments})
        return waiting

    async def request(
        self, command: str, arguments: Mapping[str, Any], *, deadline_s: float = DEFAULT_DEADLINE_S
    ) -> Mapping[str, Any]:
        """Send a request and await its answer.

        Raises:
            SessionEnded: The adapter went away first.
            SessionError: The adapter refused, or did not answer within the deadline.
        """
        return await self.answer(self.send(command, arguments), command, deadline_s=deadline_s)

    async def answer(
        self, waiting: asyncio.Future[Mapping[str, Any]], command: str, *, deadline_s: float = DEFAULT_DEADLINE_S
    ) -> Mapping[str, Any]:
        """Await the answer to a request sent earlier; see ``request``."""
        try:
            return await asyncio.wait_for(waiting, deadline_s)
        except asyncio.TimeoutError as late:
            raise SessionError(f"The debugger did not answer {command!r} within {deadline_s:g} s.") from late

    async def close(self) -> None:
        """Close the connection; requests that wait are answered with ``SessionEnded``."""
        self._writer.close()
        self._pump.cancel()
        await asyncio.gather(self._pump, *self._answers, return_exceptions=True)

    def _write(self, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read_all(self) -> None:
        try:
            while True:
                self._dispatch(await _read_message(self._reader))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as end:
            log.debug("debug adapter connection ended: %r", end)
        finally:
            self._closed = True
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(SessionEnded("The debug session ended before it answered."))
                    waiting.exception()  # seen: nobody may be waiting any more
            self._waiting.clear()
            self._on_closed()

    def _dispatch(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "response":
                waiting = self._waiting.pop(message["request_seq"], None)
                if waiting is None or waiting.done():
                    return
                if message.get("success"):
                    waiting.set_result(message.get("body") or {})
                else:
                    waiting.set_exception(SessionError(_refusal(message)))
                    waiting.exception()
            case "event":
                self._on_event(message["event"], message.get("body") or {})
            case "request":
                task = asyncio.create_task(self._answer_reverse(message))
                self._answers.add(task)
                task.add_done_callback(self._answers.discard)
            case other:
                log.warning("debug adapter sent a message of type %r", other)

    async def _answer_reverse(self, message: Mapping[str, Any]) -> None:
        answer: dict[str, Any] = {
            "seq": 0,
            "type": "response",
            "request_seq": message["seq"],
            "command": message["command"],
        }
        try:
            body = await self._on_reverse_request(message["command"], message.get("arguments") or {})
            answer |= {"success": True, "body": body}
        except (SessionError, OSError) as refused:
            answer |= {"success": False, "message": str(refused)}
        self._write(answer)


def _refusal(message: Mapping[str, Any]) -> str:
    body = cast("Mapping[str, Any]", message.get("body") or {})
    error = cast("Mapping[str, Any]", body.get("error") or {})
    text = message.get("message") or error.get("format") or "it gave no reason"
    return str(text)


async def _read_message(reader: asyncio.StreamReader) -> Mapping[str, Any]:
    length = None
    while True:
        line = (await reader.readuntil(b"\r\n")).strip()
        if not line:
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length is None or not 0 <= length <= LARGEST_MESSAGE_BYTES:
        raise ValueError(f"no fit length in a message's header: {length}")
    return json.loads(await reader.readexactly(length))
