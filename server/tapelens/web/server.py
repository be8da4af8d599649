"""Serves the panel's page, and the socket that feeds it, to browsers on this machine."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
from collections import deque
from contextlib import AsyncExitStack
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ..errors import UsageError
from ..store.sessions import Store
from .feed import Act, Ask, PanelFeed
from .page_files import PageFile, read_page

HOST = "127.0.0.1"
LAST_PORT = 65535
SOCKET = "socket"
"""The socket's name beside the page."""

QUEUE_BYTES = 128 * 2**20
"""What may wait for a page that does not read; past it the page is cut off and may come again."""

MESSAGE_BYTES = 64 * 2**10
"""The longest message that a page has to say."""

CLOSE_SECONDS = 2.0


class PanelServer:
    """The page on a loopback port, for whoever knows the token in its address.

    Args:
        act: Continues, steps, pauses or stops a session.
        ask: Has a session's probe run a command.
    """

    def __init__(self, store: Store, *, act: Act, ask: Ask) -> None:
        self._store = store
        self._act = act
        self._ask = ask
        self._token = secrets.token_urlsafe(24)
        self._files: dict[str, PageFile] = {}
        self._open = AsyncExitStack()
        self._authorities: frozenset[str] = frozenset()

    async def start(self, port: int = 0) -> str:
        """Serve from now on.

        Args:
            port: The port to listen on; 0 for any that is free.

        Returns:
            The page's address, token included.

        Raises:
            UsageError: The port cannot be had, or the page has not been built.
        """
        self._files = read_page()
        if not 0 <= port <= LAST_PORT:
            raise UsageError(f"{port} is no port: choose one from 1 to {LAST_PORT} for the panel.")
        try:
            listening = socket.create_server((HOST, port))
        except OSError as error:
            raise UsageError(_port_sentence(port, error)) from error
        serving = serve(
            self._serve_socket,
            sock=listening,
            process_request=self._answer,
            max_size=MESSAGE_BYTES,
            compression=None,  # loopback: the time costs more than the bytes
            close_timeout=CLOSE_SECONDS,
            server_header=None,
        )
        await self._open.enter_async_context(serving)
        bound: int = listening.getsockname()[1]
        self._authorities = frozenset({f"{HOST}:{bound}", f"localhost:{bound}"})
        return f"http://{HOST}:{bound}/{self._token}/"

    async def close(self) -> None:
        """Close every page's socket and the port."""
        await self._open.aclose()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse, serve a file, or (None) let the socket's handshake go on."""
        host = request.headers.get("Host", "")
        if host not in self._authorities:  # another name for this address: DNS rebinding
            return connection.respond(HTTPStatus.FORBIDDEN, "This address is not served here.\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{host}":
            return connection.respond(HTTPStatus.FORBIDDEN, "Another site's page may not ask here.\n")
        token, *names = request.path.partition("?")[0].removeprefix("/").split("/")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return connection.respond(
                HTTPStatus.FORBIDDEN, "This address lacks its token: open the one that tapelens printed.\n"
            )
        match names:
            case [name] if name == SOCKET and origin is not None:
                return None
            case [name] if name != SOCKET and (file := self._files.get(name or "index.html")):
                return _file_response(file, host)
            case _:
                return connection.respond(HTTPStatus.NOT_FOUND, "There is no such page here.\n")

    async def _serve_socket(self, connection: ServerConnection) -> None:
        outbox = _Outbox(connection)
        feed = PanelFeed(self._store, outbox.put, act=self._act, ask=self._ask)
        feed.start()
        writer = asyncio.create_task(outbox.drain())
        try:
            async for message in connection:
                feed.receive(message if isinstance(message, str) else message.decode("utf-8", "replace"))
        except ConnectionClosed:
            pass
        finally:
            feed.close()
            writer.cancel()
            await asyncio.wait([writer])


class _Outbox:
    """Messages on their way to one page, in order, bounded."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._waiting: deque[str] = deque()
        self._size = 0
        self._filled = asyncio.Event()

    def put(self, text: str) -> None:
        """Queue one message; a page too far behind is cut off, and asks for everything when it comes again."""
        self._waiting.append(text)
        self._size += len(text)
        if self._size > QUEUE_BYTES:
            self._waiting.clear()
            self._connection.transport.abort()
        self._filled.set()

    async def drain(self) -> None:
        """Send what is put, until cancelled or the page is gone."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                text = self._waiting.popleft()
                try:
                    await self._connection.send(text)
                except ConnectionClosed:
                    return
                self._size -= len(text)


def _file_response(file: PageFile, host: str) -> Response:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = Headers(
        {
            "Content-Type": file.content_type,
            "Content-Length": str(len(file.body)),
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    return Response(HTTPStatus.OK, HTTPStatus.OK.phrase, headers, file.body)


def _port_sentence(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: choose another one for the panel."
    return f"The panel cannot listen on port {port} of {HOST}: {os.strerror(error.errno or 0)}."
