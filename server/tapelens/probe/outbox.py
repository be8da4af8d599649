"""What the probe sends: bounded, batched, counted."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Protocol

from ..wire import VERSION
from ..wire.encode import to_json
from ..wire.envelope import Batch, ProbeMessage
from ..wire.processes import Dropped, Process

BATCH = 200
"""Messages of one event at most; one event costs its caller 24 µs, however much it holds."""

QUEUE_BOUND = 400
"""Events that may wait in the debugger's writer; it has no bound of its own."""

FLUSH_S = 2.0
"""How long the end of the program may wait for the writer (pydevd alone waits 0.5 s)."""


class Writer(Protocol):
    """Whatever carries events out of the process."""

    def send_event(self, body: dict[str, object]) -> bool:
        """Queue one event; False when events cannot be sent, or nobody takes them any more."""
        ...

    def waiting(self) -> int:
        """Events queued and not yet sent."""
        ...


class _Nobody:
    """Takes nothing."""

    def send_event(self, body: dict[str, object]) -> bool:  # noqa: ARG002 (a Writer)
        return False

    def waiting(self) -> int:
        return 0


class Outbox:
    """Sends messages as batches; what a stalled client cannot take is dropped and counted."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock = threading.Lock()
        self._held_back: list[ProbeMessage] = []
        self._dropped = 0

    def send(self, *messages: ProbeMessage) -> None:
        """Send now, or hold back for the next batch while the writer is behind."""
        with self._lock:
            self._held_back.extend(messages)
            if self._writer.waiting() > QUEUE_BOUND:
                self._drop_surplus()
            else:
                self._send_held_back()

    def collect(self) -> list[ProbeMessage]:
        """What could not be sent, for an answer that can carry it; it is held back no more."""
        with self._lock:
            return self._messages()

    def flush(self) -> None:
        """Send all and wait until it is out, at most ``FLUSH_S``."""
        with self._lock:
            self._send_held_back()
        until = time.monotonic() + FLUSH_S
        while self._writer.waiting() and time.monotonic() < until:
            time.sleep(0.005)

    def fall_silent(self) -> None:
        """Send nothing more; in a forked child another thread's lock would never be released."""
        self._lock = threading.Lock()
        self._writer = _Nobody()
        self._held_back = []

    def _send_held_back(self) -> None:
        messages = self._messages()
        for first in range(0, len(messages), BATCH):
            if not self._writer.send_event({"v": VERSION, "data": to_json(batch(*messages[first : first + BATCH]))}):
                if isinstance(messages[-1], Dropped):
                    self._dropped += messages.pop().count
                self._held_back = messages[first:]
                self._drop_surplus()
                return

    def _messages(self) -> list[ProbeMessage]:
        messages, self._held_back = self._held_back, []
        if self._dropped:
            messages.append(Dropped(kind="dropped", count=self._dropped))
            self._dropped = 0
        return messages

    def _drop_surplus(self) -> None:
        surplus = len(self._held_back) - BATCH
        if surplus > 0:
            del self._held_back[:surplus]
            self._dropped += surplus


def batch(*messages: ProbeMessage) -> Batch:
    """Messages of this process."""
    return Batch(kind="batch", wire=VERSION, process=this_process(), messages=messages)


def this_process() -> Process:
    """Who we are, from the environment that torchrun and its kin set."""
    return Process(
        pid=os.getpid(),
        host=socket.gethostname(),
        rank=_whole(os.environ.get("RANK")),
        local_rank=_whole(os.environ.get("LOCAL_RANK")),
        parent=os.getppid(),
        restart=_whole(os.environ.get("TORCHELASTIC_RESTART_COUNT")) or 0,
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
