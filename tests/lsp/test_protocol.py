"""Every request is answered, whatever it is, and the server ends when its client does."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from lsp.wire import DEADLINE_S, WireClient, served


async def test_it_introduces_itself():
    async with served() as (client, _):
        result = await client.initialize()
    assert result["serverInfo"]["name"] == "tapelens"
    assert result["capabilities"]["hoverProvider"] is True
    assert result["capabilities"]["codeActionProvider"] == {"codeActionKinds": ["quickfix"]}
    asked = "launch attach continue next stepIn stepOut pause stop preview lint explain"
    assert set(result["capabilities"]["executeCommandProvider"]["commands"]) == {
        f"tapelens.{name}" for name in asked.split()
    }


BAD_PARAMS: list[tuple[str, Any, str]] = [
    ("textDocument/hover", {"position": {"line": 0, "character": 0}}, "textDocument"),
    ("textDocument/hover", {"textDocument": {"uri": "file:///x"}, "position": 3}, "position"),
    ("textDocument/hover", None, "textDocument/hover"),
    ("textDocument/hover", [1, 2], "textDocument/hover"),
    ("workspace/executeCommand", {"command": "tapelens.fly"}, "there is no command 'tapelens.fly'"),
    ("tapelens/bootstrap", {"armed": "yes"}, "armed: expected bool"),
    ("tapelens/bootstrap", {"pauseOn": ["x", 3]}, "pauseOn[1]: expected str"),
    ("tapelens/bootstrap", {"arm": True}, "arm: "),
]


async def test_params_that_do_not_fit_are_answered_with_what_is_wrong():
    async with served() as (client, _):
        await client.initialize()
        for method, params, part in BAD_PARAMS:
            answer = await client.ask(method, params)
            assert answer["error"]["code"] == -32602, (method, params, answer)
            assert part in answer["error"]["message"], (method, params, answer)
            assert "\n" not in answer["error"]["message"]
        assert (await client.ask("shutdown"))["result"] is None


async def test_a_command_s_arguments_are_checked_with_their_path():
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("tapelens.launch", {"programm": "x.py"}, "programm: "),
        ("tapelens.launch", {"program": 3}, "program: "),
        ("tapelens.launch", {"program": "x.py", "breakpoints": [{"path": "x.py"}]}, "breakpoints[0].line: is missing"),
        ("tapelens.launch", {"program": "x.py", "env": {"A": 1}}, "env"),
        ("tapelens.attach", {"port": "5678"}, "port: expected int"),
        ("tapelens.continue", {}, "session: is missing"),
    ]
    async with served() as (client, _):
        await client.initialize()
        for name, arguments, part in refused:
            answer = await client.command(name, **arguments)
            assert answer["error"]["code"] == -32602, answer
            assert answer["error"]["message"].startswith(f"{name}: "), answer
            assert part in answer["error"]["message"], answer
        for arguments in ([{}, {}], [3], ["x"], [[]]):
            answer = await client.ask("workspace/executeCommand", {"command": "tapelens.stop", "arguments": arguments})
            assert answer["error"]["code"] == -32602, answer


async def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("pass\n")
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("tapelens.launch", {}, "exactly one of 'program' and 'module'"),
        ("tapelens.launch", {"program": "a.py", "module": "a"}, "exactly one of 'program' and 'module'"),
        ("tapelens.launch", {"program": str(tmp_path / "gone.py")}, "There is no file"),
        ("tapelens.launch", {"program": str(tmp_path)}, "is a folder"),
        ("tapelens.launch", {"program": str(script), "cwd": str(tmp_path / "gone")}, "There is no folder"),
        ("tapelens.launch", {"program": str(script), "python": "gone"}, "There is no Python interpreter"),
        (
            "tapelens.launch",
            {"program": str(script), "breakpoints": [{"path": "gone.py", "line": 1}], "cwd": str(tmp_path)},
            "There is no file",
        ),
        (
            "tapelens.launch",
            {"program": str(script), "breakpoints": [{"path": str(script), "line": 0}]},
            "lines count from 1",
        ),
        ("tapelens.attach", {"pid": 2**22 + 1}, f"There is no process {2**22 + 1}"),
        ("tapelens.attach", {"pid": 1, "port": 5678}, "needs one of 'port'"),
        ("tapelens.attach", {}, "needs one of 'port'"),
        ("tapelens.attach", {"port": 99999}, "99999 is no port"),
        ("tapelens.continue", {"session": "none"}, "There is no session 'none'"),
        ("tapelens.stop", {"session": ""}, "There is no session ''"),
    ]
    async with served() as (client, _):
        await client.initialize()
        for name, arguments, part in refused:
            answer = await client.command(name, **arguments)
            assert answer["error"]["code"] == -32803, answer
            assert part in answer["error"]["message"], answer


async def test_messages_at_the_wrong_time_are_refused():
    async with served() as (client, process):
        answer = await client.ask("tapelens/bootstrap")
        assert answer["error"]["code"] == -32002
        answer = await client.command("tapelens.launch", program=__file__)
        assert answer["error"]["code"] == -32002
        await client.initialize()
        answer = await client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        assert answer["error"]["code"] == -32600
        await client.result("shutdown")
        answer = await client.ask("tapelens/bootstrap")
        assert answer["error"]["code"] == -32600
        client.send({"method": "exit"})
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0


async def test_an_unknown_method_is_answered_and_an_unknown_notification_passed_over():
    async with served() as (client, _):
        await client.initialize()
        client.send({"method": "tapelens/unheardOf", "params": {"jsonrpc": "2.0", "deep": [[{}]]}})
        assert (await client.ask("tapelens/unheardOf"))["error"]["code"] == -32601
        assert (await client.ask("tapelens/dapSession"))["error"]["code"] in {-32601, -32602}


NO_MESSAGES = [
    (b"no json", -32700),
    (b"\xff\xfe", -32700),
    (b"[" * 100_000, -32700),
    (b"[]", -32600),
    (b"3", -32600),
    (b'{"id": 1, "method": "shutdown"}', -32600),
    (b'{"jsonrpc": "2.0", "id": [], "method": "shutdown"}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
]


async def test_what_is_no_message_is_answered_without_an_id():
    async with served() as (client, _):
        for body, code in NO_MESSAGES:
            client.send_body(body)
            answer = await asyncio.wait_for(client.anonymous.get(), DEADLINE_S)
            assert answer["id"] is None
            assert answer["error"]["code"] == code, body
        await client.initialize()  # it goes on


async def test_answers_that_nobody_waits_for_and_notifications_that_do_not_fit_do_no_harm():
    async with served() as (client, _):
        await client.initialize()
        client.send({"id": "nobody", "result": {"a": 1}})
        client.send({"id": "nobody", "error": {"code": 1, "message": "x"}})
        client.send({"id": "nobody", "error": "malformed"})
        client.send({"method": "textDocument/didOpen", "params": {"textDocument": 3}})
        client.send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///never/opened"}}})
        client.send({"method": "tapelens/dapEvent", "params": {"session": "none", "event": "stopped", "body": "{}"}})
        client.send({"method": "tapelens/dapEvent", "params": {"session": 3}})
        client.send({"method": "tapelens/dapSession", "params": {"session": "x"}})
        client.send({"method": "tapelens/panel", "params": {"message": 3}})
        client.send({"method": "$/cancelRequest", "params": {"id": 12345}})
        client.send({"method": "$/setTrace", "params": {"value": "verbose"}})
        assert "expression" in await client.result("tapelens/bootstrap")


async def test_settings_that_do_not_fit_are_told_and_the_rest_works():
    async with served() as (client, _):
        await client.initialize(tapelens={"pauseOn": ["no-such-rule"], "unknown": 3})
        shown = await client.told("window/showMessage")
        assert "There is no rule 'no-such-rule'" in shown["message"]
        client.send(
            {"method": "workspace/didChangeConfiguration", "params": {"settings": {"tapelens": {"pauseOn": 3}}}}
        )
        shown = await client.told("window/showMessage")
        assert "pauseOn: " in shown["message"]
        client.send({"method": "workspace/didChangeConfiguration", "params": {"settings": None}})
        settings = {"tapelens": {"pauseOn": ["missing-zero-grad"]}}
        client.send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})
        assert "missing-zero-grad" in (await client.result("tapelens/bootstrap"))["expression"]
        assert "missing-zero-grad" not in (await client.result("tapelens/bootstrap", {"pauseOn": []}))["expression"]


async def test_a_panel_gets_its_strings_over_the_same_connection():
    async with served() as (client, _):
        await client.initialize()
        hello = {"kind": "panel_hello", "wire": 1, "token": ""}
        client.send({"method": "tapelens/panel", "params": {"message": json.dumps(hello)}})
        welcome = json.loads((await client.told("tapelens/panel"))["message"])
        assert welcome["kind"] == "welcome"
        client.send({"method": "tapelens/panel", "params": {"message": '{"kind": "nonsense"}'}})
        refused = json.loads((await client.told("tapelens/panel"))["message"])
        assert refused["kind"] == "refused"


async def test_it_ends_with_status_one_when_its_client_vanishes():
    async with served() as (client, process):
        await client.initialize()
        client.hang_up()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 1


async def test_it_hangs_up_on_what_is_not_lsp():
    async with served() as (client, process):
        client.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 1


async def test_nothing_else_in_the_process_reaches_the_protocol_s_streams():
    noisy = """
import os, sys
from tapelens.lsp import server
from tapelens.lsp.features import lifecycle
read = lifecycle.read_settings
def noisily(options):
    print("stray", flush=True)
    assert os.system("echo stray; cat") == 0
    return read(options)
lifecycle.read_settings = noisily
sys.exit(server.serve(tcp_port=None))
"""
    async with served(command=(sys.executable, "-c", noisy)) as (client, process):
        await client.initialize()
        await client.result("shutdown")
        client.send({"method": "exit"})
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
        assert process.stderr is not None
        assert (await process.stderr.read()).count(b"stray") == 2


TCP = (sys.executable, "-m", "tapelens", "serve", "--tcp", "0")


async def tcp_port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    line = await asyncio.wait_for(process.stderr.readline(), DEADLINE_S)
    return int(line.decode().rsplit(":", 1)[1])


async def test_over_tcp_one_client_is_served_on_loopback():
    async with served(command=TCP) as (_, process):
        port = await tcp_port(process)
        client = WireClient(*await asyncio.open_connection("127.0.0.1", port))
        await client.initialize()
        await client.result("shutdown")
        client.send({"method": "exit"})
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
        await client.close()


async def test_a_port_that_is_taken_is_a_usage_error():
    async with served(command=TCP) as (client, process):
        port = await tcp_port(process)
        second = await asyncio.create_subprocess_exec(*TCP[:-1], str(port), stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(second.communicate(), DEADLINE_S)
        assert second.returncode == 2
        assert said.decode() == f"tapelens: Port {port} is in use by another program: choose another one.\n"
        process.terminate()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 1
        await client.close()


async def test_a_web_page_cannot_speak_lsp_to_the_port(tmp_path):
    script = tmp_path / "script.py"
    touched = tmp_path / "touched"
    script.write_text(f"open({str(touched)!r}, 'w')\n")
    call = {"command": "tapelens.launch", "arguments": [{"program": str(script)}]}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "workspace/executeCommand", "params": call}).encode()
    async with served(command=TCP) as (_, process):
        reader, writer = await asyncio.open_connection("127.0.0.1", await tcp_port(process))
        writer.write(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
        writer.close()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 1
    assert not touched.exists()
