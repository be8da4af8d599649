"""LSP's framing, and a process's own standard streams as something an event loop can use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sys
import threading
from collections.abc import AsyncIterator, Callable

LARGEST_MESSAGE_BYTES = 256 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
FLUSH_DEADLINE_S = 2.0


class FramingError(Exception):
    """What arrived is not LSP's base protocol; the stream cannot be read any further."""


async def read_messages(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The bodies of messages, until the other side hangs up.

    Raises:
        FramingError: A header that is none of LSP's. Being strict here also keeps a web page from
            talking to a TCP port by an HTTP request whose body is a message.
    """
    while True:
        size_bytes = await _read_header(reader)
        if size_bytes is None:
            return
        try:
            yield await reader.readexactly(size_bytes)
        except asyncio.IncompleteReadError:
            return


async def _read_header(reader: asyncio.StreamReader) -> int | None:
    """Size of the body that follows, None at the end of the stream."""
    size_bytes: int | None = None
    while True:
        try:
            line = await reader.readline()
        except ValueError as endless:
            raise FramingError("a header line does not end") from endless
        if not line.endswith(b"\n"):
            return None
        name, _, value = line.decode("ascii", "replace").strip().partition(":")
        match name.lower():
            case "content-length" if value.strip().isdigit():
                size_bytes = int(value)
                if size_bytes > LARGEST_MESSAGE_BYTES:
                    raise FramingError(f"a message of {size_bytes} bytes is too large")
            case "content-type":
                pass
            case "" if size_bytes is not None:
                return size_bytes
            case _:
                raise FramingError(f"{name[:40]!r} is no header of LSP's")


def own_standard_streams() -> tuple[int, int]:
    """Descriptors of the protocol's input and output, which nothing else holds from now on.

    Standard input becomes empty and standard output becomes standard error: neither a stray print
    nor a process that we start can break into the protocol.
    """
    source, sink = os.dup(0), os.dup(1)
    sys.stdout.flush()
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    return source, sink


def read_descriptor(source: int) -> asyncio.StreamReader:
    """A descriptor as a stream, by a thread of its own: no loop can wait for a pipe on every system."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=CHUNK_BYTES)

    def pump() -> None:
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop is closed
            try:
                while chunk := os.read(source, CHUNK_BYTES):
                    loop.call_soon_threadsafe(reader.feed_data, chunk)
            finally:
                loop.call_soon_threadsafe(reader.feed_eof)

    threading.Thread(target=pump, name="lsp-input", daemon=True).start()
    return reader


class DescriptorWriter:
    """Writes on a thread of its own, in order: a client that reads slowly does not hold the loop."""

    def __init__(self, sink: int, on_broken: Callable[[], None]) -> None:
        self._sink = sink
        self._on_broken = on_broken
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._pump, name="lsp-output", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Have ``data`` written after what was given earlier."""
        self._waiting.put(data)

    def close(self) -> None:
        """Wait until all is written, or the deadline has passed."""
        self._waiting.put(None)
        self._thread.join(FLUSH_DEADLINE_S)

    def _pump(self) -> None:
        try:
            while (data := self._waiting.get()) is not None:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._sink, rest) :]
        except OSError:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._on_broken)
