"""A server in this process, spoken to in JSON, whose store a test fills by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tapelens.lsp.features import make_server
from tapelens.store.sessions import SessionInfo
from tapelens.wire import VERSION
from tapelens.wire.envelope import Batch, ProbeMessage
from tapelens.wire.findings import Finding, Related, Severity
from tapelens.wire.processes import Process
from tapelens.wire.sites import Site, Span

CAPABILITIES: dict[str, Any] = {
    "textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {"relatedInformation": True},
    }
}


class Loopback:
    """Both ends of a connection without the connection."""

    def __init__(self, *, capabilities: dict[str, Any] | None = None, options: dict[str, Any] | None = None) -> None:
        self.server = make_server()
        self.store = self.server.store
        self.said: list[dict[str, Any]] = []
        self._ids = 0
        self.server.protocol.set_writer(self)  # pyright: ignore[reportArgumentType]
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": CAPABILITIES if capabilities is None else capabilities,
                "initializationOptions": {"tapelens": options or {}},
            },
        )

    def write(self, data: bytes) -> None:
        self.said.append(json.loads(data.split(b"\r\n\r\n", 1)[1]))

    def close(self) -> None: ...

    def tell(self, method: str, params: Any) -> None:
        self.server.protocol.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def ask(self, method: str, params: Any) -> Any:
        """What a handler that answers at once says; an error as the whole message."""
        self._ids += 1
        request = {"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params}
        self.server.protocol.receive(json.dumps(request).encode())
        answers = [message for message in self.said if message.get("id") == self._ids]
        assert len(answers) == 1, self.said
        return answers[0]["result"] if "result" in answers[0] else answers[0]

    def notified(self, method: str) -> list[Any]:
        return [message["params"] for message in self.said if message.get("method") == method]

    # -- documents and the store ---------------------------------------------------------------------

    def open(self, path: Path, text: str) -> str:
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def hover(self, uri: str, line: int, character: int) -> Any:
        """``line`` from 0 and ``character`` in UTF-16, as LSP has them."""
        where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.ask("textDocument/hover", where)

    def session(self, session: str = "s", *, label: str = "train.py", parent: str | None = None) -> str:
        self.store.open(SessionInfo(session=session, label=label, parent=parent))
        return session

    def send(self, *messages: ProbeMessage, session: str = "s", rank: int | None = None) -> None:
        process = Process(pid=1, host="here", rank=rank, local_rank=rank, parent=0, restart=0)
        self.store.take(session, Batch(kind="batch", wire=VERSION, process=process, messages=messages))

    def stopped(self, *messages: ProbeMessage, session: str = "s", rank: int | None = None) -> None:
        self.store.update(session, state="stopped", stop_reason="breakpoint")
        self.send(*messages, session=session, rank=rank)

    def marks(self, uri: str) -> list[Any]:
        """What is marked in a document now."""
        published = [
            each["diagnostics"] for each in self.notified("textDocument/publishDiagnostics") if each["uri"] == uri
        ]
        return published[-1] if published else []


def finding(
    path: Path,
    line: int,
    *,
    rule: str = "missing-zero-grad",
    severity: Severity = "warning",
    message: str = "step() uses old gradients.",
    span: Span | None = None,
    related: tuple[Related, ...] = (),
    foreseen: bool = False,
    count: int = 1,
) -> Finding:
    return Finding(
        kind="finding",
        rule=rule,
        severity=severity,
        message=message,
        site=Site(path=str(path), line=line, function="<module>", in_library=False),
        span=span,
        related=related,
        facts=(),
        fix=None,
        seen="live",
        foreseen=foreseen,
        stop=1,
        count=count,
    )
