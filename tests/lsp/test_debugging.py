"""Debug sessions by LSP commands, on real programs under the real debugger."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from lsp.wire import DEADLINE_S, WireClient, served
from processes import is_running, until_gone

SEED = Path(__file__).parents[2] / "examples" / "seed"

WAITS = "import os, time\nprint(os.getpid(), flush=True)\nwhile True:\n    time.sleep(0.05)\n"


def write(folder: Path, text: str, name: str = "program.py") -> Path:
    program = folder / name
    program.write_text(text, encoding="utf-8")
    return program


async def printed_pid(client: WireClient, session: str) -> int:
    return int((await client.told("tapelens/output", session=session, category="stdout"))["text"])


async def test_a_loop_without_zero_grad_is_stopped_in_hovered_over_marked_and_ended():
    program = SEED / "7_forgotten_zero_grad.py"
    lines = program.read_text(encoding="utf-8").splitlines()
    step = next(n for n, line in enumerate(lines, 1) if "expect: missing-zero-grad" in line)
    backward = next(n for n, line in enumerate(lines, 1) if "loss.backward()" in line)
    async with served() as (client, _):
        await client.initialize(
            capabilities={
                "window": {"workDoneProgress": True},
                "textDocument": {"hover": {"contentFormat": ["plaintext"]}},
            }
        )
        session = await client.launch(program, backward)
        shown = [(await client.told("$/progress"))["value"] for _ in range(2)]
        assert [each["kind"] for each in shown] == ["begin", "end"]
        assert shown[0]["title"] == "Starting 7_forgotten_zero_grad.py"

        stopped = await client.told("tapelens/stopped")
        assert stopped == {
            "session": session,
            "stop": 1,
            "path": str(program),
            "line": backward,
            "reason": "breakpoint",
            "text": "",
        }
        loss = await client.hover(program, backward, "loss")
        assert loss is not None
        assert loss.startswith("loss · Tensor () float32 cpu · non-leaf · requires_grad · grad_fn MseLossBackward0")
        model = await client.hover(program, backward - 1, "model")
        assert model is not None
        assert "model.weight · Parameter (1, 2) float32 cpu · leaf · requires_grad" in model

        for stop in (2, 3, 4):
            assert "error" not in await client.command("tapelens.continue", session=session)
            await client.told("tapelens/continued", session=session)
            if stop == 3:
                seen = await client.told("tapelens/finding", session=session)
                assert seen["finding"]["rule"] == "missing-zero-grad"
                assert seen["finding"]["site"]["line"] == step
                marked = await client.told("textDocument/publishDiagnostics", uri=program.as_uri())
                (mark,) = marked["diagnostics"]
                assert (mark["code"], mark["severity"], mark["range"]["start"]["line"]) == (
                    "missing-zero-grad",
                    2,
                    step - 1,
                )
            assert (await client.told("tapelens/stopped"))["stop"] == stop
        await client.command("tapelens.continue", session=session)
        assert await client.told("tapelens/sessionEnded") == {"session": session, "exitCode": 0, "problem": None}
        answer = await client.command("tapelens.continue", session=session)
        assert answer["error"] == {"code": -32803, "message": f"The session '{session}' has ended."}
        assert await client.hover(program, backward, "loss") is None


async def test_a_rule_pauses_the_program_before_the_fault():
    program = SEED / "7_forgotten_zero_grad.py"
    async with served() as (client, _):
        await client.initialize(tapelens={"pauseOn": ["missing-zero-grad"]})
        session = await client.launch(program)
        stopped = await client.told("tapelens/stopped")
        assert stopped["reason"] == "missing-zero-grad"
        assert stopped["text"]
        lines = program.read_text(encoding="utf-8").splitlines()
        assert "expect: missing-zero-grad" in lines[stopped["line"] - 1]
        assert "error" not in await client.command("tapelens.stop", session=session)
        assert (await client.told("tapelens/sessionEnded"))["session"] == session


async def test_stepping_and_two_sessions_at_once(tmp_path):
    first = write(tmp_path, "a = 1\nb = 2\nc = 3\n", "first.py")
    second = write(tmp_path, "def f():\n    return 1\nx = f()\ny = 2\n", "second.py")
    async with served() as (client, _):
        await client.initialize()
        one = await client.launch(first, 1)
        two = await client.launch(second, 3)
        assert {(await client.told("tapelens/stopped"))["session"] for _ in range(2)} == {one, two}

        async def go(name: str, session: str) -> tuple[str, int]:
            answer = await client.command(f"tapelens.{name}", session=session)
            assert "error" not in answer, answer
            stopped = await client.told("tapelens/stopped", session=session)
            return Path(stopped["path"]).name, stopped["line"]

        assert await go("next", one) == ("first.py", 2)
        assert await go("stepIn", two) == ("second.py", 2)
        assert await go("next", one) == ("first.py", 3)
        assert await go("stepOut", two) == ("second.py", 3)
        assert "error" not in await client.command("tapelens.stop", session=one)
        await client.told("tapelens/sessionEnded", session=one)
        assert await go("next", two) == ("second.py", 4)
        await client.command("tapelens.continue", session=two)
        ended = await client.told("tapelens/sessionEnded", session=two)
        assert ended["exitCode"] == 0


async def test_a_running_program_is_paused_and_cannot_be_continued_before(tmp_path):
    program = write(tmp_path, WAITS)
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch("program.py", cwd=str(tmp_path))
        pid = await printed_pid(client, session)
        answer = await client.command("tapelens.continue", session=session)
        assert answer["error"]["code"] == -32803
        assert "running" in answer["error"]["message"]
        assert "error" not in await client.command("tapelens.pause", session=session)
        stopped = await client.told("tapelens/stopped")
        assert (stopped["path"], stopped["stop"], stopped["reason"]) == (str(program), None, "pause")
        assert is_running(pid)
        await client.result("shutdown")
        await until_gone(pid)


async def test_the_client_s_death_ends_the_program(tmp_path):
    async with served() as (client, process):
        await client.initialize()
        session = await client.launch(write(tmp_path, WAITS))
        pid = await printed_pid(client, session)
        client.hang_up()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 1
        await until_gone(pid)


async def test_a_server_that_is_terminated_or_killed_leaves_no_program(tmp_path):
    for number in (signal.SIGTERM, signal.SIGKILL):
        async with served() as (client, process):
            await client.initialize()
            session = await client.launch(write(tmp_path, WAITS))
            pid = await printed_pid(client, session)
            os.kill(process.pid, number)
            await asyncio.wait_for(process.wait(), DEADLINE_S)
            await until_gone(pid)


async def test_a_program_that_is_killed_at_a_stop_ends_its_session_and_the_next_one_works(tmp_path):
    program = write(tmp_path, "import os\nprint(os.getpid(), flush=True)\nx = 1\n")
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch(program, 3)
        pid = await printed_pid(client, session)
        await client.told("tapelens/stopped", session=session)
        os.kill(pid, signal.SIGKILL)
        await client.told("tapelens/sessionEnded", session=session)
        again = await client.launch(program, 3)
        assert (await client.told("tapelens/stopped", session=again))["line"] == 3


async def test_a_launch_that_is_cancelled_leaves_no_program(tmp_path):
    told = tmp_path / "pid"
    program = write(tmp_path, f"import os\nopen({str(told)!r}, 'w').write(str(os.getpid()))\n" + WAITS)
    async with served() as (client, _):
        await client.initialize(capabilities={"window": {"workDoneProgress": True}})
        call = {"command": "tapelens.launch", "arguments": [{"program": str(program)}]}
        number, answer = client.begin("workspace/executeCommand", call)
        await client.told("$/progress")
        client.send({"method": "$/cancelRequest", "params": {"id": number}})
        assert (await asyncio.wait_for(answer, DEADLINE_S))["error"]["code"] == -32800
        await client.told("tapelens/sessionEnded")
        assert (await client.told("$/progress"))["value"]["kind"] == "end"
        await client.result("shutdown")
    if told.exists():
        await until_gone(int(told.read_text()))


async def test_what_a_program_is_given_and_how_it_ends_is_told(tmp_path):
    program = write(
        tmp_path, "import os, sys\nprint(sys.argv[1], os.environ['A'], os.getcwd(), flush=True)\nos._exit(3)\n"
    )
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch("program.py", args=["one two"], env={"A": "b"}, cwd=str(tmp_path))
        assert await client.told("tapelens/sessionEnded") == {"session": session, "exitCode": 3, "problem": None}
        assert client.printed == f"one two b {program.parent}\n"


async def test_an_exception_that_nobody_catches_stops_the_program_where_it_was_raised(tmp_path):
    program = write(tmp_path, "def f():\n    raise ValueError('why')\nf()\n")
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch(program)
        stopped = await client.told("tapelens/stopped")
        assert (stopped["reason"], stopped["line"]) == ("exception", 2)
        assert "ValueError" in stopped["text"]
        await client.command("tapelens.continue", session=session)
        assert (await client.told("tapelens/sessionEnded"))["exitCode"] == 1


async def test_a_second_backward_is_foreseen_and_then_explained(tmp_path):
    program = write(
        tmp_path,
        "import torch\nx = torch.ones(3, requires_grad=True)\nloss = (x * x).sum()\nloss.backward()\nloss.backward()\n",
    )
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch(program, 5)
        assert (await client.told("tapelens/stopped"))["line"] == 5
        (mark,) = (await client.told("textDocument/publishDiagnostics"))["diagnostics"]
        assert (mark["code"], mark["severity"], mark["range"]["start"]["line"]) == ("double-backward", 3, 4)
        card = await client.hover(program, 5, "loss")
        assert card is not None
        assert "loss.backward() will raise" in card
        await client.command("tapelens.continue", session=session)
        assert (await client.told("tapelens/stopped"))["reason"] == "exception"
        assert (await client.told("textDocument/publishDiagnostics"))["diagnostics"] == []
        (mark,) = (await client.told("textDocument/publishDiagnostics"))["diagnostics"]
        assert (mark["code"], mark["severity"], mark["range"]["start"]["line"]) == ("double-backward", 1, 4)
        await client.command("tapelens.continue", session=session)
        assert (await client.told("tapelens/sessionEnded"))["exitCode"] == 1


async def test_a_program_that_listens_is_attached_to_and_let_go(tmp_path):
    program = write(tmp_path, WAITS.replace("    time", "    x = 1\n    time"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    debuggee = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "debugpy", "--listen", f"127.0.0.1:{port}", str(program)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert debuggee.stdout is not None
    try:
        await asyncio.wait_for(debuggee.stdout.readline(), DEADLINE_S)  # it runs, so it listens
        async with served() as (client, _):
            await client.initialize()
            breakpoints = [{"path": str(program), "line": 4}]
            answer = await client.command("tapelens.attach", port=port, breakpoints=breakpoints)
            session = answer["result"]["session"]
            assert (await client.told("tapelens/stopped"))["line"] == 4
            second = await client.command("tapelens.attach", port=port)
            assert second["error"]["code"] == -32803
            assert "error" not in await client.command("tapelens.stop", session=session)
            assert (await client.told("tapelens/sessionEnded", session=session))["exitCode"] is None
        assert debuggee.returncode is None
    finally:
        if debuggee.returncode is None:
            debuggee.kill()
        await debuggee.communicate()  # reads to the end, which closes the pipe


async def test_a_changed_setting_reaches_a_program_that_runs():
    program = SEED / "7_forgotten_zero_grad.py"
    first = next(n for n, line in enumerate(program.read_text().splitlines(), 1) if "loss.backward()" in line)
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch(program, first)
        await client.told("tapelens/stopped")
        changed = {"settings": {"tapelens": {"pauseOn": ["all"]}}}
        client.send({"method": "workspace/didChangeConfiguration", "params": changed})
        reasons = []
        while "missing-zero-grad" not in reasons:
            await client.command("tapelens.continue", session=session)
            reasons.append((await client.told("tapelens/stopped"))["reason"])
        assert reasons == ["breakpoint", "missing-zero-grad"]


async def test_nothing_listens_where_it_should_attach():
    async with served() as (client, _):
        await client.initialize()
        answer = await client.command("tapelens.attach", port=1)
        assert answer["error"]["code"] == -32803
        assert "Nothing listens at 127.0.0.1:1" in answer["error"]["message"]


async def test_a_preview_brings_the_gradients_of_the_backward_to_come(tmp_path):
    program = write(
        tmp_path,
        "import torch\n"
        "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "loss = (x * x).sum()\n"
        "loss.backward()\n"
        "print(x.grad.tolist(), flush=True)\n",
    )
    async with served() as (client, _):
        await client.initialize()
        session = await client.launch(program, 4)
        await client.told("tapelens/stopped", session=session)
        preview = (await client.command("tapelens.preview", session=session))["result"]["preview"]
        assert (preview["expression"], preview["refused"]) == ("loss", [])
        told = preview["gradients"]
        assert [told["statistics"]["first"][row] for row in told["leaves"]["statistics"]] == [[2.0, 4.0]]
        refused = (await client.command("tapelens.preview", session=session, expression="f(x)"))["result"]["preview"]
        assert (refused["refused"], refused["gradients"]) == (["f(x) names no tensor to start from."], None)
        assert "error" not in await client.command("tapelens.continue", session=session)
        assert (await client.told("tapelens/sessionEnded"))["exitCode"] == 0
        assert client.printed == "[2.0, 4.0]\n"


@pytest.mark.skipif(shutil.which("gdb") is None, reason="needs gdb")
async def test_a_process_that_runs_is_attached_to_by_its_id_and_let_go(tmp_path):
    program = write(tmp_path, WAITS.replace("    time", "    x = 1\n    time"))
    debuggee = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=asyncio.subprocess.PIPE)
    assert debuggee.stdout is not None
    try:
        pid = int(await asyncio.wait_for(debuggee.stdout.readline(), DEADLINE_S))
        async with served() as (client, _):
            await client.initialize(capabilities={"window": {"workDoneProgress": True}})
            answer = await client.command("tapelens.attach", pid=pid, breakpoints=[{"path": str(program), "line": 4}])
            session = answer["result"]["session"]
            shown = [(await client.told("$/progress"))["value"] for _ in range(2)]
            assert [each["kind"] for each in shown] == ["begin", "end"]
            assert shown[0]["title"] == f"Attaching to process {pid}"
            assert (await client.told("tapelens/stopped"))["line"] == 4
            assert "error" not in await client.command("tapelens.stop", session=session)
            assert (await client.told("tapelens/sessionEnded", session=session))["exitCode"] is None
        assert client.printed == ""
        assert debuggee.returncode is None
    finally:
        if debuggee.returncode is None:
            debuggee.kill()
        await debuggee.communicate()


async def test_a_process_that_cannot_be_attached_to_is_told_in_one_sentence():
    async with served() as (client, _):
        await client.initialize()
        ours = await client.command("tapelens.attach", pid=2**22 + 1)
        assert ours["error"] == {"code": -32803, "message": f"There is no process {2**22 + 1}."}
        for arguments in ({}, {"port": 5678, "pid": 1}):
            answer = await client.command("tapelens.attach", **arguments)
            assert answer["error"]["message"].startswith("tapelens.attach needs one of 'port'")


async def test_two_ranks_are_told_of_as_sessions_and_driven_each(tmp_path):
    program = write(
        tmp_path,
        "import torch\nimport torch.distributed as dist\ndist.init_process_group('gloo')\n"
        "w = torch.ones(2, requires_grad=True)\n(w * w).sum().backward()\n"
        "dist.barrier()\ndist.destroy_process_group()\n",
    )
    async with served() as (client, _):
        await client.initialize()
        answer = await client.command(
            "tapelens.launch",
            module="torch.distributed.run",
            args=["--nproc-per-node", "2", str(program)],
            cwd=str(tmp_path),
            breakpoints=[{"path": str(program), "line": 5}],
        )
        root = answer["result"]["session"]
        ranks = {(await client.told("tapelens/stopped"))["session"] for _ in range(2)}
        assert len(ranks - {root}) == 2
        for session in ranks:
            assert "error" not in await client.command("tapelens.continue", session=session)
        ended = {(await client.told("tapelens/sessionEnded"))["session"] for _ in range(3)}
        assert ended == {root, *ranks}


async def test_stops_in_functions_and_at_some_of_the_passes_are_captured_like_others(tmp_path):
    program = write(
        tmp_path,
        "import torch\n\n\ndef loss_of(w):\n    return (w * w).sum()\n\n\n"
        "w = torch.ones(2, requires_grad=True)\nfor i in range(6):\n    loss_of(w)\n",
    )
    async with served() as (client, _):
        await client.initialize()
        answer = await client.command(
            "tapelens.launch",
            program=str(program),
            functionBreakpoints=[{"name": "loss_of", "hitCondition": "2"}],
            breakpoints=[{"path": str(program), "line": 10, "hitCondition": "5"}],
        )
        session = answer["result"]["session"]
        seen = []
        for _ in range(2):
            stopped = await client.told("tapelens/stopped", session=session)
            seen.append((stopped["reason"], stopped["line"], stopped["stop"]))
            card = await client.hover(program, stopped["line"], "w")
            assert card is not None
            assert card.startswith("`w` · Tensor (2,) float32")
            await client.command("tapelens.continue", session=session)
        assert seen == [("function breakpoint", 4, 1), ("breakpoint", 10, 2)]
        await client.told("tapelens/sessionEnded", session=session)


async def test_switched_off_by_a_setting_or_for_one_launch_no_probe_goes_in(tmp_path):
    program = write(tmp_path, "import sys\nx = [name for name in sys.modules if 'tapelens' in name]\nprint(x)\n")
    async with served() as (client, _):
        await client.initialize(tapelens={"enabled": False})
        session = await client.launch(program, 3)
        assert (await client.told("tapelens/stopped", session=session))["line"] == 3
        assert await client.hover(program, 3, "x") is None
        await client.command("tapelens.continue", session=session)
        await client.told("tapelens/sessionEnded", session=session)
        client.send(
            {"method": "workspace/didChangeConfiguration", "params": {"settings": {"tapelens": {"enabled": True}}}}
        )
        session = await client.launch(program, tapelens=False)
        assert (await client.told("tapelens/sessionEnded", session=session))["problem"] is None
        assert client.printed == "[]\n[]\n"
        session = await client.launch(program)
        await client.told("tapelens/sessionEnded", session=session)
        assert "_tapelens" in client.printed
