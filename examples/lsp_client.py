"""A language-server client in sixty lines, with the standard library alone: docs/protocol.md is its reference.

    python examples/lsp_client.py PROGRAM LINE NAME

starts PROGRAM under the debugger through `tapelens serve`, hovers NAME each time that it stops at LINE, and prints
what was found and how the program ended.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path


class Server:
    """Talks JSON-RPC with `tapelens serve` and keeps what it says by itself until it is asked for."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tapelens", "serve", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ids, self.told = itertools.count(1), []

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        headers = dict(line.decode().strip().split(": ") for line in iter(self.process.stdout.readline, b"\r\n"))
        return json.loads(self.process.stdout.read(int(headers["Content-Length"])))

    def ask(self, method, params=None):
        self.send(id=(asked := next(self.ids)), method=method, params=params)
        while (message := self.read()).get("id") != asked or "method" in message:
            self.told.append(message)
        if "error" in message:
            sys.exit(message["error"]["message"])
        return message["result"]

    def command(self, name, **arguments):
        return self.ask("workspace/executeCommand", {"command": name, "arguments": [arguments]})

    def wait_for(self, *methods):
        while True:
            message = self.told.pop(0) if self.told else self.read()
            if message.get("method") in methods:
                return message["method"], message["params"]


program, line, name = Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3]
position = {"line": line - 1, "character": program.read_text().splitlines()[line - 1].index(name)}
server = Server()
options = {"tapelens": {"notifications": True}}
server.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options})
server.send(method="initialized", params={})
breakpoints = [{"path": str(program), "line": line}]
session = server.command("tapelens.launch", program=str(program), breakpoints=breakpoints)["session"]
while True:
    method, told = server.wait_for("tapelens/stopped", "tapelens/finding", "tapelens/sessionEnded")
    if method == "tapelens/stopped":
        hover = server.ask("textDocument/hover", {"textDocument": {"uri": program.as_uri()}, "position": position})
        print(f"stopped at {told['path']}:{told['line']}\n{hover['contents']['value'] if hover else 'nothing to show'}")
        server.command("tapelens.continue", session=session)
    elif method == "tapelens/finding":
        print(f"{told['finding']['severity']}: {told['finding']['rule']}: {told['finding']['message']}")
    else:
        print(f"ended with status {told['exitCode']}")
        break
server.ask("shutdown")
server.send(method="exit")
sys.exit(server.process.wait(10))
