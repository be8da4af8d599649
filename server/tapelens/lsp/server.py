"""Starts the language server; light to import, since most of a start is what it imports."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UsageError
from .transport import DescriptorWriter, own_standard_streams, read_descriptor

if TYPE_CHECKING:
    from .language_server import TapelensServer

LOOPBACK = "127.0.0.1"


def serve(*, tcp_port: int | None) -> int:
    """Serve one client, on a loopback port or, without one, on standard input and output.

    Returns:
        LSP's exit status: 0 when the client asked for ``shutdown`` first, else 1.

    Raises:
        UsageError: The port cannot be listened on.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="tapelens: %(levelname)s: %(message)s")
    gc.disable()  # hundreds of classes are made: what is garbage of it can wait
    from .features import make_server  # noqa: PLC0415 (see above)

    gc.enable()
    return asyncio.run(_serve_stdio(make_server) if tcp_port is None else _serve_tcp(make_server, tcp_port))


async def _serve_stdio(make_server: Callable[[], TapelensServer]) -> int:
    source, sink = own_standard_streams()
    server = make_server()
    _end_at_signals(server)
    return await server.serve(read_descriptor(source), DescriptorWriter(sink, on_broken=server.end))


async def _serve_tcp(make_server: Callable[[], TapelensServer], port: int) -> int:
    """Serve the first client that comes; a second one finds nobody listening."""
    came: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    came = asyncio.get_running_loop().create_future()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if came.done():
            writer.close()
        else:
            came.set_result((reader, writer))

    try:
        listener = await asyncio.start_server(take, LOOPBACK, port)
    except (OSError, OverflowError) as refused:
        raise UsageError(_port_sentence(port, refused)) from refused
    bound = listener.sockets[0].getsockname()[1]
    sys.stderr.write(f"tapelens: the language server waits for a client on {LOOPBACK}:{bound}\n")
    sys.stderr.flush()
    server = make_server()
    ended = _end_at_signals(server)
    try:
        await asyncio.wait({came, ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        listener.close()
    if not came.done():
        return 1
    return await server.serve(*came.result())


def _end_at_signals(server: TapelensServer) -> asyncio.Future[None]:
    """Close everything at Ctrl-C and at SIGTERM; the future is done when one has come."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        server.end()
        if not ended.done():
            ended.set_result(None)

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signals that a loop can wait for
            loop.add_signal_handler(number, end)
    return ended


def _port_sentence(port: int, refused: OSError | OverflowError) -> str:
    if isinstance(refused, OverflowError):
        return f"There is no port {port}: name one from 1 to 65535, or 0 for any that is free."
    if refused.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: choose another one."
    return f"Port {port} of {LOOPBACK} cannot be listened on: {os.strerror(refused.errno or 0)}."
