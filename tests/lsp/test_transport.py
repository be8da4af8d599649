"""The process's own streams, without a server."""

from __future__ import annotations

import asyncio
import os

import pytest

from lsp.wire import DEADLINE_S
from tapelens.lsp.transport import DescriptorWriter, FramingError, read_descriptor, read_messages


async def bodies(*chunks: bytes) -> list[bytes]:
    reader = asyncio.StreamReader(limit=1024)
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    return [body async for body in read_messages(reader)]


async def test_bodies_come_whole_whatever_the_headers_order_and_case():
    assert await bodies(
        b"Content-Length: 2\r\n\r\n{}",
        b"content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:4\r\n\r\n",
        b"\xf0\x9f\x98\x80",
        b"Content-Length: 0\r\n\r\n",
    ) == [b"{}", "😀".encode(), b""]


async def test_a_stream_that_ends_in_the_middle_gives_what_was_whole():
    assert await bodies(b"Content-Length: 1\r\n\r\naContent-Length: 10\r\n\r\nabc") == [b"a"]
    assert await bodies(b"Content-Len") == []


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: two\r\n\r\n",
        b"Content-Length: 99999999999999\r\n\r\n",
        b"Content-Type: x\r\n\r\n",
        b"x" * 5000 + b"\r\n",
        b"\x00\xff\r\n",
    ],
)
async def test_what_is_no_header_ends_the_talk(sent):
    with pytest.raises(FramingError):
        await bodies(sent)


async def test_a_client_that_does_not_read_does_not_hold_the_writer():
    source, sink = os.pipe()
    broken = asyncio.Event()
    writer = DescriptorWriter(sink, on_broken=broken.set)
    sent = b"".join(b"%07d\n" % number for number in range(100_000))
    for start in range(0, len(sent), 100_000):
        writer.write(sent[start : start + 100_000])  # far more than a pipe holds
    reader = read_descriptor(source)
    assert await asyncio.wait_for(reader.readexactly(len(sent)), DEADLINE_S) == sent
    writer.close()
    os.close(sink)
    assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
    os.close(source)
    assert not broken.is_set()


async def test_a_client_that_has_gone_is_noticed():
    source, sink = os.pipe()
    os.close(source)
    broken = asyncio.Event()
    writer = DescriptorWriter(sink, on_broken=broken.set)
    writer.write(b"hello")
    await asyncio.wait_for(broken.wait(), DEADLINE_S)
    writer.close()
    os.close(sink)
