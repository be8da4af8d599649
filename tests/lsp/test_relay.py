"""The editor's own sessions: the test plays the editor, with a real debug adapter of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsp.wire import DEADLINE_S, WireClient, served
from sessions.drive import marked_lines
from tapelens.errors import SessionError
from tapelens.sessions.dap import DapChannel

SEED = Path(__file__).parents[2] / "examples" / "seed"
PASSED_ON = {"stopped", "continued", "exited", "terminated", "tapelens"}


class DebugSession:
    """One session of the editor's: an adapter, and the tracker that puts the probe in."""

    def __init__(self, editor: Editor, name: str, adapter: asyncio.subprocess.Process, expression: str | None) -> None:
        assert adapter.stdin is not None
        assert adapter.stdout is not None
        self.editor = editor
        self.name = name
        self.adapter = adapter
        self.expression = expression
        self.entered: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self.asked: list[str] = []
        self.channel = DapChannel(adapter.stdout, adapter.stdin, on_event=self.on_event, on_closed=self.on_closed)

    def on_event(self, event: str, body: Mapping[str, Any]) -> None:
        if event == "initialized" and self.expression is None:
            self.tell("tapelensBootstrap", {"error": "tapelens' server was not ready when the session began."})
            self.entered.set_result({})
        elif event == "initialized":
            arguments = {"expression": self.expression, "context": "hover", "format": {"rawString": True}}
            asyncio.ensure_future(self.channel.send("evaluate", arguments)).add_done_callback(self.on_entered)
        elif event in PASSED_ON:
            self.tell(event, body)

    def on_entered(self, answer: asyncio.Future[Mapping[str, Any]]) -> None:
        self.tell("tapelensBootstrap", {"result": answer.result()["result"]})
        self.entered.set_result(answer.result())

    def on_closed(self) -> None:
        self.tell("terminated", {})

    def tell(self, event: str, body: Mapping[str, Any]) -> None:
        params = {"session": self.name, "event": event, "body": json.dumps(body)}
        self.editor.send({"method": "tapelens/dapEvent", "params": params})

    async def run(self, program: Path, stops: list[int]) -> None:
        """As an editor launches: the probe is in before configurationDone."""
        await self.channel.request("initialize", {"adapterID": "debugpy", "pathFormat": "path"})
        arguments = {
            "type": "debugpy",
            "program": str(program),
            "python": [sys.executable],
            "console": "internalConsole",
            "cwd": str(program.parent),
        }
        begun = self.channel.send("launch", arguments)
        await asyncio.wait_for(self.entered, DEADLINE_S)
        breakpoints = [{"line": line} for line in stops]
        await self.channel.request("setBreakpoints", {"source": {"path": str(program)}, "breakpoints": breakpoints})
        await self.channel.request("setExceptionBreakpoints", {"filters": ["uncaught"]})
        await self.channel.request("configurationDone", {})
        await self.channel.answer(begun, "launch", deadline_s=DEADLINE_S)


class Editor(WireClient):
    """An LSP client that has debug sessions of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.sessions: dict[str, DebugSession] = {}
        self.answering: set[asyncio.Task[None]] = set()

    def answer_server(self, message: dict[str, Any]) -> None:
        if message["method"] != "tapelens/dap":
            super().answer_server(message)
            return
        task = asyncio.create_task(self.relay(message["id"], message["params"]))
        self.answering.add(task)
        task.add_done_callback(self.answering.discard)

    async def relay(self, number: Any, params: dict[str, Any]) -> None:
        session = self.sessions[params["session"]]
        session.asked.append(params["command"])
        try:
            body = await session.channel.request(params["command"], json.loads(params["arguments"]))
            self.send({"id": number, "result": {"body": json.dumps(body)}})
        except SessionError as refused:
            self.send({"id": number, "error": {"code": -32803, "message": str(refused)}})

    @asynccontextmanager
    async def debugging(
        self,
        program: Path,
        *stops: int,
        name: str = "vscode:1",
        pause_on: tuple[str, ...] = (),
        is_ready: bool = True,
        **more: Any,
    ) -> AsyncGenerator[DebugSession]:
        asked = {"armed": True, "pauseOn": pause_on}
        expression = (await self.result("tapelens/bootstrap", asked))["expression"] if is_ready else None
        adapter = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "debugpy.adapter",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        session = self.sessions[name] = DebugSession(self, name, adapter, expression)
        configuration = json.dumps({"name": "Python: Current File", "program": str(program), **more})
        opened = {"session": name, "type": "debugpy", "configuration": configuration, "parent": None}
        self.send({"method": "tapelens/dapSession", "params": opened})
        try:
            await session.run(program, list(stops))
            yield session
        finally:
            if adapter.returncode is None and not session.channel.is_closed:
                await session.channel.request("disconnect", {"terminateDebuggee": True})
            await session.channel.close()
            if adapter.returncode is None:
                adapter.kill()
            await adapter.wait()


async def panel_says(client: WireClient, kind: str, **having: Any) -> dict[str, Any]:
    async def wait() -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads((await client.told("tapelens/panel"))["message"])
            if message["kind"] == kind and all(message[name] == value for name, value in having.items()):
                return message

    return await asyncio.wait_for(wait(), DEADLINE_S)


async def test_an_editor_s_session_is_seen_hovered_over_and_driven_from_the_panel():
    program = SEED / "7_forgotten_zero_grad.py"
    lines = program.read_text(encoding="utf-8").splitlines()
    backward = next(n for n, line in enumerate(lines, 1) if "loss.backward()" in line)
    async with served(kind=Editor) as (editor, _):
        await editor.initialize(notifications=False)
        hello = json.dumps({"kind": "panel_hello", "wire": 1, "token": ""})
        editor.send({"method": "tapelens/panel", "params": {"message": hello}})
        await panel_says(editor, "welcome")
        async with editor.debugging(program, backward) as session:
            opened = await panel_says(editor, "session", state="stopped")
            assert (opened["session"], opened["label"]) == ("vscode:1", program.name)
            stop = await panel_says(editor, "stop")
            assert stop["snapshot"]["stop"] == 1
            assert stop["snapshot"]["site"]["line"] == backward
            text = await editor.hover(program, backward, "loss")
            assert text is not None
            assert text.startswith("`loss` · Tensor")
            for number in (2, 3, 4):
                press = {"kind": "control", "session": "vscode:1", "action": "continue"}
                editor.send({"method": "tapelens/panel", "params": {"message": json.dumps(press)}})
                if number == 3:
                    seen = await panel_says(editor, "session_finding")
                    assert seen["finding"]["rule"] == "missing-zero-grad"
                stop = await panel_says(editor, "stop")
                assert stop["snapshot"]["stop"] == number
            assert session.asked.count("continue") == 3
            await session.channel.request("continue", {"threadId": 1})
            await panel_says(editor, "session", state="ended")
            answer = await editor.command("tapelens.continue", session="vscode:1")
            assert answer["error"]["message"] == "The session 'vscode:1' has ended."


async def test_a_rule_pauses_an_editor_s_session_under_its_own_name():
    program = SEED / "7_forgotten_zero_grad.py"
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        async with editor.debugging(program, pause_on=("missing-zero-grad",)):
            stopped = await editor.told("tapelens/stopped")
            assert (stopped["session"], stopped["reason"]) == ("vscode:1", "missing-zero-grad")


async def test_an_editor_s_session_and_one_of_our_own_at_once():
    program = SEED / "1_growing_graph.py"
    line = marked_lines(program)["leaves only"]
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        async with editor.debugging(program, line):
            await editor.told("tapelens/stopped", session="vscode:1")
            own = await editor.launch(program, line)
            await editor.told("tapelens/stopped", session=own)
            text = await editor.hover(program, line, program.read_text().splitlines()[line - 1].split()[0])
            assert text is None or text.count("Seen at stop 1") == 2
            await editor.command("tapelens.stop", session=own)
            await editor.told("tapelens/sessionEnded", session=own)
            assert "error" not in await editor.command("tapelens.next", session="vscode:1")
            assert (await editor.told("tapelens/stopped", session="vscode:1"))["stop"] == 2


async def test_an_adapter_that_dies_ends_its_session_and_the_next_one_works(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("x = 1\ny = 2\n", encoding="utf-8")
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        async with editor.debugging(program, 2) as session:
            await editor.told("tapelens/stopped", session="vscode:1")
            session.adapter.kill()
            await editor.told("tapelens/sessionEnded", session="vscode:1")
        async with editor.debugging(program, 2, name="vscode:2"):
            assert (await editor.told("tapelens/stopped", session="vscode:2"))["line"] == 2


async def test_what_the_editor_refuses_is_said_in_its_own_words():
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        opened = {"session": "vscode:9", "type": "python", "configuration": "no json", "parent": "vscode:gone"}
        editor.send({"method": "tapelens/dapSession", "params": opened})
        editor.send({"method": "tapelens/dapSession", "params": opened})
        editor.sessions["vscode:9"] = Refusing()  # pyright: ignore[reportArgumentType]
        answer = await editor.command("tapelens.pause", session="vscode:9")
        assert answer["error"] == {"code": -32803, "message": "The editor refused 'threads': no such thing"}


class Refusing:
    """A session whose adapter refuses everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.channel = self

    async def request(self, command: str, arguments: Any) -> Any:
        raise SessionError("no such thing")


async def test_an_editor_that_had_no_bootstrap_yet_is_helped_by_the_server():
    program = SEED / "1_growing_graph.py"
    line = marked_lines(program)["a second time"]
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        async with editor.debugging(program, line, is_ready=False) as session:
            await editor.told("tapelens/stopped", session="vscode:1")
            (mark,) = (await editor.told("textDocument/publishDiagnostics"))["diagnostics"]
            assert mark["code"] == "double-backward"  # foreseen at the stop: the probe is in
            assert session.asked.count("evaluate") >= 1
            await editor.command("tapelens.continue", session="vscode:1")
            assert (await editor.told("tapelens/stopped", session="vscode:1"))["reason"] == "exception"
            await editor.command("tapelens.continue", session="vscode:1")
            assert (await editor.told("tapelens/sessionEnded", session="vscode:1"))["problem"] is None


async def test_an_editor_s_path_mappings_hold_for_all_that_the_probe_says(tmp_path):
    program = SEED / "7_forgotten_zero_grad.py"
    lines = program.read_text(encoding="utf-8").splitlines()
    step = next(n for n, line in enumerate(lines, 1) if "expect: missing-zero-grad" in line)
    mappings = [{"localRoot": str(tmp_path), "remoteRoot": str(SEED)}]
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        async with editor.debugging(program, pathMappings=mappings):
            seen = (await editor.told("tapelens/finding", session="vscode:1"))["finding"]
            assert (seen["site"]["path"], seen["site"]["line"]) == (str(tmp_path / program.name), step)
            assert str(SEED) not in json.dumps(seen)


async def test_a_child_session_of_the_editor_s_has_its_parent_and_is_called_by_its_process():
    configuration = {"name": "Subprocess 42", "program": "/work/launch.py", "subProcessId": 42}
    async with served(kind=Editor) as (editor, _):
        await editor.initialize()
        hello = json.dumps({"kind": "panel_hello", "wire": 1, "token": ""})
        editor.send({"method": "tapelens/panel", "params": {"message": hello}})
        for name, parent, given in (
            ("vscode:1", None, {"program": "/work/launch.py"}),
            ("vscode:2", "vscode:1", configuration),
        ):
            opened = {"session": name, "type": "debugpy", "configuration": json.dumps(given), "parent": parent}
            editor.send({"method": "tapelens/dapSession", "params": opened})
        assert (await panel_says(editor, "session", session="vscode:1"))["label"] == "launch.py"
        child = await panel_says(editor, "session", session="vscode:2")
        assert (child["label"], child["parent"]) == ("process 42", "vscode:1")
