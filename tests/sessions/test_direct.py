"""Our own debug sessions, on real programs under the real debugger."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from processes import is_running
from sessions.drive import DEADLINE_S, configuration, driven, marked_lines
from tapelens.errors import SessionEnded, SessionError
from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint
from tapelens.store.sessions import Store
from torch_features import KEEPS_SAVED

SEED = Path(__file__).parents[2] / "examples" / "seed"


def write(folder: Path, text: str) -> Path:
    program = folder / "program.py"
    program.write_text(text, encoding="utf-8")
    return program


async def test_the_probe_is_in_before_the_first_line_and_not_as_tapelens(tmp_path):
    program = write(
        tmp_path,
        "import sys\n"
        "print(sorted(n for n in sys.modules if 'tapelens' in n.split('.')[0]))\n"
        "print(__name__, sys.argv)\n",
    )
    async with driven(program, args=["one", "two words"]) as run:
        await run.run_to_end()
    names, rest = run.printed.splitlines()
    assert {name.split(".")[0] for name in eval(names)} == {"_tapelens"}
    assert rest == f"__main__ {[str(program), 'one', 'two words']}"
    assert run.info.torch == "not_imported"
    assert run.info.exit_code == 0


async def test_a_stop_pushes_its_snapshot_and_stepping_shows_the_graph_grow():
    program = SEED / "1_growing_graph.py"
    line = marked_lines(program)["leaves only"]
    async with driven(program, stops=[line]) as run:
        sizes = []
        for _ in range(3):
            stop = await run.next_stop()
            assert stop.snapshot is not None
            sizes.append(len(stop.snapshot.nodes.key))
            await run.go_on("next")
        stop = await run.next_stop()
        assert stop.line == line + 3
    assert sizes[0] < sizes[1] < sizes[2]


async def test_a_bootstrap_that_comes_twice_keeps_one_probe(tmp_path):
    program = write(tmp_path, "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\nprint('end')\n")
    async with driven(program, stops=[4]) as run:
        stop = await run.next_stop()
        from tapelens.sessions.bootstrap import bootstrap_expression

        body = await run.session._request(
            "evaluate", {"expression": bootstrap_expression(configuration()), "context": "hover"}
        )
        assert '"err"' not in body["result"]
        assert stop.snapshot is not None
        assert stop.snapshot.stop == 1
        await run.run_to_end()
    assert run.printed == "end\n"
    assert run.store.faults(run.session.id) == ()


async def test_a_snapshot_that_is_not_pushed_is_asked_for():
    program = SEED / "5_leaves.py"
    async with driven(program, stops=[marked_lines(program)["only x has a gradient"]], armed=False) as run:
        stop = await run.next_stop()
        assert stop.snapshot is not None
        assert stop.snapshot.site.line == stop.line
        assert stop.snapshot.thread == stop.thread


async def test_a_program_without_torch_is_left_alone(tmp_path):
    program = write(tmp_path, "a = 1\nb = 2\n")
    async with driven(program, stops=[2]) as run:
        stop = await run.next_stop()
        assert (stop.line, stop.snapshot) == (2, None)
        await run.run_to_end()
    assert run.info.problem is None


async def test_an_exception_that_nobody_catches_stops_there_with_the_graph():
    program = SEED / "1_growing_graph.py"
    async with driven(program) as run:
        stop = await run.next_stop()
        assert stop.reason == "exception"
        assert stop.line == marked_lines(program)["a second time"]
        assert stop.snapshot is not None
        assert ("unknown" if KEEPS_SAVED else "freed") in stop.snapshot.nodes.state
        (uncaught,) = run.store.uncaught(run.session.id)
        assert "a second time" in uncaught.message
        await run.run_to_end()
    assert run.info.exit_code == 1
    assert len(run.store.uncaught(run.session.id)) == 1


async def test_an_exception_whose_text_raises_is_told_all_the_same(tmp_path):
    program = write(
        tmp_path,
        "import torch\nclass Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd\n",
    )
    async with driven(program) as run:
        stop = await run.next_stop()
        assert stop.line == 5
        (uncaught,) = run.store.uncaught(run.session.id)
        assert uncaught.type_name == "Odd"
        assert "__str__ raises" in uncaught.message
        await run.run_to_end()
    assert run.store.faults(run.session.id) == ()


async def test_leaving_by_an_exit_status_is_no_uncaught_exception(tmp_path):
    program = write(tmp_path, "import sys\nimport torch\nsys.exit(3)\n")
    async with driven(program) as run:
        await run.run_to_end()
    assert run.info.exit_code == 3
    assert run.store.uncaught(run.session.id) == ()


async def test_a_conditional_breakpoint_stops_only_where_the_condition_holds(tmp_path):
    program = write(tmp_path, "for i in range(5):\n    print(i)\n")
    async with driven(program, stops=[2], condition="i == 3") as run:
        await run.next_stop()
        await run.go_on("next")  # over the print, which goes another way than the stop after it
        await run.next_stop()
        assert await run.has_printed(4) == ["0", "1", "2", "3"]


async def test_closing_at_a_stop_leaves_no_process_behind():
    program = SEED / "5_leaves.py"
    async with driven(program, stops=[marked_lines(program)["only x has a gradient"]]) as run:
        await run.next_stop()
        process = run.info.process
        assert process is not None
        adapter = run.session._adapter
        assert adapter is not None
    assert not is_running(process.pid)
    assert not is_running(adapter.pid)
    assert run.info.state == "ended"


async def test_two_sessions_at_once_do_not_mix():
    program = SEED / "6_retain_grad.py"
    line = marked_lines(program)["loss retains its gradient"]
    store = Store()
    async with driven(program, stops=[line], store=store) as one, driven(program, stops=[line], store=store) as two:
        first, second = await asyncio.gather(one.next_stop(), two.next_stop())
        assert first.session != second.session
        assert one.info.process != two.info.process
        await asyncio.gather(one.run_to_end(), two.run_to_end())
    assert one.printed == two.printed == "loss.grad 1.0 x.grad 4.0\n"


async def test_a_debuggee_killed_at_a_stop_ends_the_session():
    program = SEED / "5_leaves.py"
    async with driven(program, stops=[marked_lines(program)["only x has a gradient"]]) as run:
        await run.next_stop()
        assert run.info.process is not None
        os.kill(run.info.process.pid, signal.SIGKILL)
        await asyncio.wait_for(run.session.wait_ended(), DEADLINE_S)
        assert run.info.state == "ended"


async def test_an_adapter_killed_is_said_and_its_debuggee_is_reaped():
    program = SEED / "5_leaves.py"
    async with driven(program, stops=[marked_lines(program)["only x has a gradient"]]) as run:
        await run.next_stop()
        assert run.session._adapter is not None
        assert run.info.process is not None
        run.session._adapter.kill()
        await asyncio.wait_for(run.session.wait_ended(), DEADLINE_S)
        assert run.info.problem == "The debugger went away before the program ended."
        with pytest.raises(SessionEnded):
            await run.go_on("next")
        pid = run.info.process.pid
    assert not is_running(pid)


async def test_stepping_into_a_tapped_call_never_shows_the_probe():
    program = SEED / "7_forgotten_zero_grad.py"
    text = program.read_text(encoding="utf-8").splitlines()
    line = next(n for n, one in enumerate(text, 1) if "optimizer.step()" in one and "expect" in one)
    async with driven(program, stops=[line]) as run:
        stop = await run.next_stop()
        assert stop.line == line
        await run.go_on("step_in")
        stop = await run.next_stop()
        assert stop.path == str(program)  # justMyCode: over torch, and over us
        assert stop.line == line + 1


@pytest.fixture
def listening(tmp_path):
    """A program that waits for a client under ``debugpy --listen``; its port."""
    program = write(
        tmp_path,
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = (x * 2).sum()\n"
        "print('made')\ny.backward()\nprint(x.grad)\n",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "debugpy", "--listen", f"127.0.0.1:{port}", "--wait-for-client", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield program, port, process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def is_listening(port: int) -> bool:
    """Looks at the kernel's table: debugpy would take a connection that only tries for its client."""
    return f"0100007F:{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text(encoding="utf-8")


async def wait_until_listening(port: int) -> None:
    for _ in range(600):
        if is_listening(port):
            return
        await asyncio.sleep(0.05)  # nothing tells when a foreign process begins to listen
    pytest.fail("debugpy did not listen in time")


async def test_attach_puts_the_probe_in_before_the_first_line_and_leaves_the_program_running(listening):
    program, port, process = listening
    await wait_until_listening(port)
    store = Store()
    arrived = asyncio.Event()
    store.subscribe(lambda change: arrived.set() if type(change).__name__ == "StopSettled" else None)
    session = await DirectSession.attach(
        "127.0.0.1",
        port,
        store,
        configuration=configuration(),
        breakpoints=[Breakpoint(path=program, line=5)],
        on_output=lambda _category, _text: None,
    )
    await asyncio.wait_for(arrived.wait(), DEADLINE_S)
    (stop,) = store.stops(session.id)
    assert [stop.snapshot.strings[names[0]] for names in stop.snapshot.tensors.names if names] == ["x", "y"]

    with pytest.raises(SessionError, match=r"already being debugged|Nothing listens"):
        await DirectSession.attach(
            "127.0.0.1",
            port,
            Store(),
            configuration=configuration(),
            breakpoints=[],
            on_output=lambda _category, _text: None,
        )

    await session.close()
    out, _ = await asyncio.to_thread(process.communicate, timeout=DEADLINE_S)
    assert out.decode().splitlines() == ["made", "tensor([2., 2.])"]


async def test_attaching_where_nothing_listens_says_how_to_start_the_program():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SessionError, match=f"Nothing listens at 127.0.0.1:{port}: start the program with"):
        await DirectSession.attach(
            "127.0.0.1",
            port,
            Store(),
            configuration=configuration(),
            breakpoints=[],
            on_output=lambda _category, _text: None,
        )
