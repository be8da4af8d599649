"""Who may fetch the page and its socket, and who may not."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from report.tapes import seed
from tapelens.errors import SessionError, UsageError
from tapelens.store.sessions import Store
from tapelens.web import page_files, server
from tapelens.web.server import PanelServer
from tapelens.wire import VERSION
from tapelens.wire.commands import Command
from tapelens.wire.envelope import Batch
from web.recorded import SESSION, open_session, tell

DEADLINE_S = 20.0


async def idle(_session: str, _action: str) -> None:
    """Act on nothing."""


async def nothing(_session: str, _command: Command) -> Batch:
    raise SessionError("Nothing is asked here.")


@asynccontextmanager
async def serving(store: Store | None = None) -> AsyncGenerator[str, None]:
    panel = PanelServer(store or Store(), act=idle, ask=nothing)
    address = await panel.start()
    try:
        yield address
    finally:
        await asyncio.wait_for(panel.close(), DEADLINE_S)


async def fetch(address: str, *, host: str | None = None, origin: str | None = None) -> tuple[int, str, str]:
    """Status, headers and body, over a socket that sends what it is told to."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {host or parts.netloc}"]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = (await asyncio.wait_for(reader.read(), DEADLINE_S)).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), head, body


async def heard_kind(panel: ClientConnection) -> str:
    return json.loads(await asyncio.wait_for(panel.recv(), DEADLINE_S))["kind"]


def socket_address(address: str) -> str:
    return address.replace("http://", "ws://") + "socket"


def origin_of(address: str) -> Origin:
    parts = urlsplit(address)
    return Origin(f"{parts.scheme}://{parts.netloc}")


async def read_to_the_end(panel: ClientConnection) -> None:
    while True:
        await heard_kind(panel)


async def test_the_address_is_on_loopback_and_its_token_is_long_and_new_each_time():
    async with serving() as one, serving() as other:
        assert urlsplit(one).hostname == "127.0.0.1"
        assert len(urlsplit(one).path) > 32
        assert urlsplit(one).path != urlsplit(other).path


async def test_the_page_is_served_under_a_strict_policy():
    async with serving() as address:
        status, head, body = await fetch(address)
        assert status == 200
        assert '<div id="panel"></div>' in body
        policy = next(line for line in head.splitlines() if line.startswith("Content-Security-Policy"))
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert "X-Content-Type-Options: nosniff" in head
        assert "Referrer-Policy: no-referrer" in head


@pytest.mark.parametrize("name", ["panel.js", "panel.css", "icon.svg"])
async def test_its_files_lie_beside_it(name: str):
    async with serving() as address:
        assert (await fetch(address + name))[0] == 200


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/panel.js", "/favicon.ico", "/wrong/socket", "//"])
async def test_nothing_is_served_without_the_token(path: str):
    async with serving() as address:
        status, _, body = await fetch(origin_of(address) + path)
        assert status == 403
        assert "token" in body


@pytest.mark.parametrize("name", ["../server.py", "..%2fserver.py", "panel.js/", "nothing.js", "socket"])
async def test_only_the_page_is_served(name: str):
    async with serving() as address:
        assert (await fetch(address + name))[0] == 404


async def test_another_host_name_for_this_address_is_refused():
    async with serving() as address:
        port = urlsplit(address).port
        assert (await fetch(address, host=f"evil.example:{port}"))[0] == 403
        assert (await fetch(address, host="127.0.0.1"))[0] == 403
        assert (await fetch(address, host=f"localhost:{port}"))[0] == 200


async def test_another_sites_page_is_refused():
    async with serving() as address:
        assert (await fetch(address, origin="https://evil.example"))[0] == 403
        assert (await fetch(address, origin="null"))[0] == 403
        with pytest.raises(InvalidStatus, match="403"):
            await connect(socket_address(address), origin=Origin("https://evil.example"))


async def test_the_socket_wants_token_and_origin():
    async with serving() as address:
        parts = urlsplit(address)
        with pytest.raises(InvalidStatus, match="403"):
            await connect(f"ws://{parts.netloc}/wrong/socket", origin=origin_of(address))
        with pytest.raises(InvalidStatus, match="404"):
            await connect(socket_address(address))


async def test_the_socket_tells_what_is_known():
    store = Store()
    open_session(store)
    tell(store, seed().snapshot())
    async with serving(store) as address, connect(socket_address(address), origin=origin_of(address)) as panel:
        await panel.send(json.dumps({"kind": "panel_hello", "wire": VERSION, "token": ""}))
        kinds = [await heard_kind(panel) for _ in range(3)]
        assert kinds == ["welcome", "session", "stop"]


async def test_a_page_that_does_not_read_is_cut_off_and_others_are_not(monkeypatch):
    monkeypatch.setattr(server, "QUEUE_BYTES", 200_000)
    store = Store()
    open_session(store)
    hello = json.dumps({"kind": "panel_hello", "wire": VERSION, "token": ""})
    async with serving(store) as address:
        reading = await connect(socket_address(address), origin=origin_of(address), max_size=None)
        deaf = await connect(socket_address(address), origin=origin_of(address), max_queue=1)
        for panel in (reading, deaf):
            await panel.send(hello)
            await heard_kind(panel)
        await heard_kind(reading)  # the session
        for stop in range(1, 3000):
            tell(store, seed().snapshot(stop=stop))
            while await heard_kind(reading) != "stop":
                pass
            if deaf.transport.is_closing():
                break
        with pytest.raises(ConnectionClosed):
            await read_to_the_end(deaf)
        assert len(store.stops(SESSION)) > 10
        await reading.close()


async def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"^Port {port} is in use by another program: [^.]*\\.$"):
            await PanelServer(Store(), act=idle, ask=nothing).start(port)


async def test_a_number_that_is_no_port_is_one_sentence():
    with pytest.raises(UsageError, match="70000 is no port"):
        await PanelServer(Store(), act=idle, ask=nothing).start(70000)


async def test_a_page_that_is_not_built_is_one_sentence(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(page_files, "files", lambda _package: tmp_path)
    with pytest.raises(UsageError, match="not built: run `npm ci && npm run build`"):
        await PanelServer(Store(), act=idle, ask=nothing).start()
