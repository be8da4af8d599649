"""A client of bytes: says anything, also what no client library would, and can be killed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

DEADLINE_S = 60.0
COMMAND = (sys.executable, "-m", "tapelens", "serve", "--stdio")


def position_of(program: Path, line: int, word: str) -> dict[str, int]:
    text = program.read_text(encoding="utf-8").splitlines()[line - 1]
    return {"line": line - 1, "character": text.index(word)}


class WireClient:
    """One server on its standard streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = 0
        self._answers: dict[Any, asyncio.Future[dict[str, Any]]] = {}
        self._told: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self.printed = ""
        self.anonymous: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pump = asyncio.create_task(self._read_all())

    # -- out -----------------------------------------------------------------------------------------

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)

    def send_body(self, body: bytes) -> None:
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send(self, message: dict[str, Any]) -> None:
        self.send_body(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def begin(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[dict[str, Any]]]:
        self._ids += 1
        answer = self._answers[self._ids] = asyncio.get_running_loop().create_future()
        self.send({"id": self._ids, "method": method, "params": params})
        return self._ids, answer

    async def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        """The whole answer: ``result`` or ``error``."""
        return await asyncio.wait_for(self.begin(method, params)[1], DEADLINE_S)

    async def result(self, method: str, params: Any = None) -> Any:
        answer = await self.ask(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        return await self.ask("workspace/executeCommand", {"command": name, "arguments": [arguments]})

    async def initialize(self, *, notifications: bool = True, **more: Any) -> Any:
        options = {"tapelens": {"notifications": notifications, **more.pop("tapelens", {})}}
        params = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options, **more}
        result = await self.result("initialize", params)
        self.send({"method": "initialized", "params": {}})
        return result

    async def launch(self, program: Any, *stops: int, **more: Any) -> str:
        breakpoints = [{"path": str(program), "line": line} for line in stops]
        answer = await self.command("tapelens.launch", program=str(program), breakpoints=breakpoints, **more)
        assert "error" not in answer, answer
        return answer["result"]["session"]

    async def hover(self, program: Path, line: int, word: str) -> str | None:
        """The card at the first such word of a line, counted from 1."""
        where = {"textDocument": {"uri": program.as_uri()}, "position": position_of(program, line, word)}
        answer = await self.result("textDocument/hover", where)
        return None if answer is None else answer["contents"]["value"]

    # -- in ------------------------------------------------------------------------------------------

    async def told(self, method: str, **having: Any) -> dict[str, Any]:
        """The first notification not yet given of this method whose params hold these values."""

        def find() -> dict[str, Any] | None:
            for index, message in enumerate(self._told):
                if message["method"] == method and all(
                    message["params"].get(name) == value for name, value in having.items()
                ):
                    return self._told.pop(index)["params"]
            return None

        async def wait() -> dict[str, Any]:
            while (found := find()) is None:
                self._news.clear()
                await self._news.wait()
            return found

        return await asyncio.wait_for(wait(), DEADLINE_S)

    async def _read_all(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await self._reader.readuntil(b"\r\n\r\n")
                size = int(header.split(b"Content-Length: ")[1].split(b"\r\n")[0])
                self._take(json.loads(await self._reader.readexactly(size)))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            waiting = self._answers.pop(message["id"], None)
            if waiting is None:
                self.anonymous.put_nowait(message)
            elif not waiting.done():
                waiting.set_result(message)
        elif "id" in message:
            self.answer_server(message)
        else:
            if message["method"] == "tapelens/output":
                self.printed += message["params"]["text"]
            self._told.append(message)
            self._news.set()

    def answer_server(self, message: dict[str, Any]) -> None:
        """Answer a request of the server's; a subclass may do better."""
        self.send({"id": message["id"], "result": None})

    def hang_up(self) -> None:
        self._writer.close()

    async def close(self) -> None:
        self._pump.cancel()
        with suppress(asyncio.CancelledError):
            await self._pump
        self.hang_up()


@asynccontextmanager
async def served(
    *, command: Sequence[str] = COMMAND, kind: type[WireClient] = WireClient
) -> AsyncGenerator[tuple[Any, asyncio.subprocess.Process]]:
    """A server's process and its client; the process is gone afterwards, by force if need be."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = kind(process.stdout, process.stdin)
    try:
        yield client, process
    finally:
        await client.close()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            raise
