"""Processes that a program starts, each a session of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from processes import until_gone
from sessions.drive import DEADLINE_S, marked_lines
from sessions.family import Family, family

RANKS = """\
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
w = torch.full((2,), float(dist.get_rank() + 1), requires_grad=True)
loss = (w * w).sum()
loss.backward()  # stop: backward
total = w.grad.clone()
dist.all_reduce(total)
print(f"rank {dist.get_rank()} {w.grad.tolist()} {total.tolist()}\\n", end="", flush=True)
dist.destroy_process_group()
"""

WORK = """\
import os
import torch


def work(scale):
    w = torch.tensor([scale], requires_grad=True)
    loss = (w * w).sum()
    loss.backward()  # stop: work
    print(f"worked {scale} {w.grad.tolist()}\\n", end="", flush=True)
"""


def write(folder: Path, text: str, name: str = "program.py") -> Path:
    program = folder / name
    program.write_text(text, encoding="utf-8")
    return program


def names(run: Family, session: str) -> set[str]:
    snapshot = run.store.stops(session)[-1].snapshot
    return {snapshot.strings[name] for each in snapshot.tensors.names for name in each}


async def test_two_torchrun_ranks_are_sessions_of_their_own_that_stop_answer_and_go_on(tmp_path):
    program = write(tmp_path, RANKS)
    line = marked_lines(program)["backward"]
    torchrun = ["--nproc-per-node", "2", str(program)]
    async with family(module="torch.distributed.run", args=torchrun, stops=[(program, line)], cwd=tmp_path) as run:
        stops = [await run.next_stop(), await run.next_stop()]
        assert {stop.line for stop in stops} == {line}
        infos = [run.info(stop.session) for stop in stops]
        processes = [info.process for info in infos if info.process is not None]
        root = run.info(run.root.id).process
        assert root is not None
        assert {info.label for info in infos} == {"rank 0", "rank 1"}
        assert {info.parent for info in infos} == {run.root.id}
        assert {(process.rank, process.local_rank) for process in processes} == {(0, 0), (1, 1)}
        assert {process.parent for process in processes} == {root.pid}
        for stop in stops:
            assert {"w", "loss"} <= names(run, stop.session)
            answer = await run.sessions[stop.session]._request("evaluate", {"expression": "6 * 7"})
            assert answer["result"] == "42"
            await run.go_on(stop.session, "next")
        after = [await run.next_stop(), await run.next_stop()]
        assert {stop.session for stop in after} == {stop.session for stop in stops}
        assert {stop.line for stop in after} == {line + 1}
        for stop in after:
            await run.go_on(stop.session)
        await run.ended()
        assert {info.state for info in run.store.sessions()} == {"ended"}
        assert run.info(run.root.id).exit_code == 0
        assert all(run.store.gradients(stop.session) for stop in stops)
    assert sorted(run.printed.splitlines()) == ["rank 0 [2.0, 2.0] [6.0, 6.0]", "rank 1 [4.0, 4.0] [6.0, 6.0]"]


async def test_closing_at_two_ranks_stops_leaves_no_process(tmp_path):
    program = write(tmp_path, RANKS)
    torchrun = ["--nproc-per-node", "2", str(program)]
    stops = [(program, marked_lines(program)["backward"])]
    async with family(module="torch.distributed.run", args=torchrun, stops=stops, cwd=tmp_path) as run:
        await run.next_stop()
        await run.next_stop()
        pids = [info.process.pid for info in run.store.sessions() if info.process is not None]
        assert len(pids) == 3
        assert run.root._adapter is not None
        pids.append(run.root._adapter.pid)
    for pid in pids:
        await until_gone(pid)
    assert {info.state for info in run.store.sessions()} == {"ended"}


@pytest.mark.parametrize(
    ("way", "start"),
    [
        ("spawn", "import multiprocessing as m; p = m.get_context('spawn').Process(target=work, args=(3.0,))"),
        ("fork", "import multiprocessing as m; p = m.get_context('fork').Process(target=work, args=(3.0,))"),
    ],
)
async def test_a_worker_stops_in_a_session_with_its_parent(tmp_path, way, start):
    main = f"if __name__ == '__main__':\n    {start}\n    p.start()\n    p.join()\n    print('exit', p.exitcode)\n"
    program = write(tmp_path, WORK + main)
    async with family(program=program, stops=[(program, marked_lines(program)["work"])]) as run:
        stop = await run.next_stop()
        info = run.info(stop.session)
        assert info.process is not None
        assert (info.parent, info.label) == (run.root.id, f"process {info.process.pid}")
        assert {"w", "loss"} <= names(run, stop.session), way
        await run.go_on(stop.session)
        await run.ended()
        assert run.store.gradients(stop.session)
        assert run.store.faults(stop.session) == run.store.faults(run.root.id) == ()
    assert run.printed == "worked 3.0 [6.0]\nexit 0\n"


async def test_a_subprocess_and_its_own_child_are_sessions_below_one_another(tmp_path):
    write(tmp_path, WORK + "work(2.0)\n", "grandchild.py")
    write(
        tmp_path, "import subprocess, sys\nsubprocess.run([sys.executable, 'grandchild.py'], check=True)\n", "child.py"
    )
    program = write(tmp_path, "import subprocess, sys\nprint(subprocess.check_output([sys.executable, 'child.py']))\n")
    grandchild = tmp_path / "grandchild.py"
    async with family(program=program, stops=[(grandchild, marked_lines(grandchild)["work"])]) as run:
        stop = await run.next_stop()
        below = run.info(stop.session)
        assert below.parent is not None
        assert run.info(below.parent).parent == run.root.id
        await run.go_on(stop.session)
        await run.ended()
    assert run.printed == f"{b'worked 2.0 [4.0]' + bytes([10])!r}\n"


async def test_a_bare_fork_has_no_tap_and_ends_as_it_would(tmp_path):
    program = write(
        tmp_path,
        WORK + "import sys\nwork(2.0)\npid = os.fork()\n"
        "if pid == 0:\n    work(5.0)\n    os._exit(7)  # stop: leaves at once\n"
        "_, status = os.waitpid(pid, 0)\nprint('child', os.waitstatus_to_exitcode(status))\n",
    )
    lines = marked_lines(program)
    async with family(program=program, stops=[(program, lines["work"]), (program, lines["leaves at once"])]) as run:
        stop = await run.next_stop()
        await run.go_on(stop.session)
        stop = await run.next_stop()
        assert stop.session != run.root.id
        assert {"w", "loss"} <= names(run, stop.session)
        await run.go_on(stop.session)
        stop = await run.next_stop()  # nobody waits for what is on its way when a process leaves so
        await run.go_on(stop.session)
        await run.ended()
        assert [len(run.store.stops(info.session)) for info in run.store.sessions()] == [1, 2]
        assert [len(run.store.gradients(info.session)) for info in run.store.sessions()] == [1, 1]
        assert all(run.store.faults(info.session) == () for info in run.store.sessions())
    assert run.printed == "worked 2.0 [4.0]\nworked 5.0 [10.0]\nchild 7\n"


async def test_a_child_that_would_outlive_a_launched_program_is_ended_with_it_as_debugpy_does(tmp_path):
    child = write(tmp_path, "import sys\nsys.stdin.read()\nx = 1  # stop: late\n", "child.py")
    program = write(
        tmp_path,
        "import os, subprocess, sys\nr, w = os.pipe()\n"
        "null = subprocess.DEVNULL  # the launcher waits for whoever may still write\n"
        "p = subprocess.Popen([sys.executable, 'child.py'], stdin=r, stdout=null, stderr=null)\n"
        "sys.stdin.close()\nimport time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\nos._exit(0)\n",
    )
    async with family(program=program, stops=[(child, marked_lines(child)["late"])], cwd=tmp_path) as run:
        await asyncio.wait_for(run.has_child.wait(), DEADLINE_S)
        (tmp_path / "go").touch()
        await run.ended()
        pids = [info.process.pid for info in run.store.sessions() if info.process is not None]
        assert {info.state for info in run.store.sessions()} == {"ended"}
    for pid in pids:
        await until_gone(pid)
