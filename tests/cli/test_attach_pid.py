"""``tapelens attach --pid`` as a real command: a process that runs without a debugger, and all that forbids it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.commands import DEADLINE_S, Command, line_of, script, tapelens
from tapelens.errors import SessionError
from tapelens.sessions import pids

LOOP = """\
import time
import torch
w = torch.tensor([2.0], requires_grad=True)
(w * w).sum().backward()  # whom gdb stops inside the loader of PyTorch's libraries hangs there
w.grad = None
print("made", flush=True)
while True:
    loss = (w * w).sum()
    loss.backward()  # here
    w.grad = None
    time.sleep(0.02)
"""

needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="needs gdb")


@contextlib.contextmanager
def running(*command: object) -> Generator[subprocess.Popen[str]]:
    """A process that prints one line when it is ready."""
    with subprocess.Popen(
        [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield process
        finally:
            process.kill()


@needs_gdb
def test_a_running_process_is_shown_at_its_stops_and_left_running_and_can_be_attached_to_again(tmp_path: Path):
    path = script(tmp_path, LOOP)
    here = line_of(path, "here")
    with running(sys.executable, path) as process:
        for _ in range(2):
            command = Command("attach", "--pid", process.pid, f"--break=train.py:{here}", cwd=tmp_path)
            command.read_until(r"^\s+w\s+\[4\]\s+\[1\]\s+\[4\]")
            command.process.send_signal(signal.SIGINT)
            ended = command.wait()
            assert ended.status == 130
            assert f"● breakpoint {path}:{here} in <module>" in ended.err
            assert "elapsed" not in ended.err  # the injector's own words
            assert process.poll() is None


@needs_gdb
def test_ctrl_c_while_gdb_is_at_it_harms_nobody(tmp_path: Path):
    path = script(tmp_path, LOOP.replace("    w.grad = None", "    w.grad = None; print('turn', flush=True)"))
    with running(sys.executable, path) as process:
        command = Command("attach", "--pid", process.pid, cwd=tmp_path)
        until_traced(process.pid)
        command.process.send_signal(signal.SIGINT)
        assert command.wait().status == 130
        assert process.stdout is not None
        while process.stdout.readline() != "turn\n":
            assert process.poll() is None
        for _ in range(20):  # it goes on after all that it had printed before
            process.stdout.readline()
        assert process.poll() is None


def until_traced(pid: int) -> None:
    end = time.monotonic() + DEADLINE_S
    while "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8"):
        assert time.monotonic() < end


@pytest.mark.parametrize("written", ["0", "-1", "x", "4_2"])
def test_what_is_no_process_id_is_told(tmp_path: Path, written: str):
    ended = tapelens("attach", f"--pid={written}", cwd=tmp_path)
    assert (ended.status, ended.said) == (2, [f"--pid takes a process id, such as 4242, not {written!r}."])


def test_either_an_address_or_a_process_is_named(tmp_path: Path):
    for arguments in ((), ("127.0.0.1:5678", "--pid=1")):
        ended = tapelens("attach", *arguments, cwd=tmp_path)
        assert ended.status == 2
        assert ended.said[0].startswith("attach takes either HOST:PORT or --pid PID")


def test_a_process_that_has_ended_or_never_was_is_told(tmp_path: Path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ended = tapelens("attach", "--pid", gone.pid, cwd=tmp_path)
    assert (ended.status, ended.said) == (2, [f"There is no process {gone.pid}."])


def test_a_process_that_is_no_python_is_told(tmp_path: Path):
    with running("sh", "-c", "echo ready; read x") as process:
        ended = tapelens("attach", "--pid", process.pid, cwd=tmp_path)
    assert (ended.status, ended.said) == (2, [f"Process {process.pid} is no Python program: sh -c echo ready; read x."])


def test_without_gdb_it_is_said_what_else_can_be_done(tmp_path: Path):
    with running(sys.executable, script(tmp_path, LOOP)) as process:
        ended = tapelens("attach", "--pid", process.pid, cwd=tmp_path, PATH=str(tmp_path))
    assert ended.status == 2
    (sentence,) = ended.said
    assert sentence.startswith("Attaching to a process needs gdb, which is not installed")
    assert "python -m debugpy --listen" in sentence


def test_a_gdb_that_may_not_trace_is_told_at_once(tmp_path: Path):
    fake = script(tmp_path, '#!/bin/sh\necho "ptrace: Operation not permitted."\nexit 1\n', "gdb")
    fake.chmod(0o755)
    with running(sys.executable, script(tmp_path, LOOP)) as process:
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        ended = tapelens("attach", "--pid", process.pid, cwd=tmp_path, PATH=path)
    assert ended.status == 2
    (sentence,) = ended.said
    assert sentence.startswith(f"The system does not let gdb look into process {process.pid}: allow it by")


@needs_gdb
def test_a_process_under_another_tracer_is_told(tmp_path: Path):
    gdb = ["gdb", "-nx", "--batch", "-ex", "shell echo ready; read x", "-p"]
    with (
        running(sys.executable, script(tmp_path, LOOP)) as process,
        subprocess.Popen(
            [*gdb, str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as tracer,
    ):
        assert tracer.stdout is not None
        assert any(line == "ready\n" for line in tracer.stdout)
        ended = tapelens("attach", "--pid", process.pid, cwd=tmp_path)
        tracer.communicate("\n")
    assert ended.status == 2
    assert ended.said == [f"Process {process.pid} is already traced, by process {tracer.pid}: a debugger, or strace."]


@needs_gdb
def test_a_process_that_has_a_debugger_keeps_it(tmp_path: Path):
    path = script(tmp_path, LOOP)
    with running(sys.executable, path) as process:
        first = Command("attach", "--pid", process.pid, f"--break=train.py:{line_of(path, 'here')}", cwd=tmp_path)
        first.read_until("backward")
        ended = tapelens("attach", "--pid", process.pid, cwd=tmp_path)
        assert ended.status == 2
        (sentence,) = ended.said
        assert sentence.startswith(f"Process {process.pid} is already being debugged, by process ")
        assert first.process.poll() is None
        first.process.send_signal(signal.SIGINT)
        first.wait()


def test_the_kernel_s_own_rule_is_told_to_who_may_not_pass_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    scope = tmp_path / "ptrace_scope"
    scope.write_text("1\n", encoding="ascii")
    monkeypatch.setattr(pids, "PTRACE_SCOPE", scope)
    monkeypatch.setattr(pids, "CAP_SYS_PTRACE", 0)
    with running(sys.executable, script(tmp_path, LOOP)) as process:
        with pytest.raises(SessionError, match=r"ptrace_scope=0`, or start the program with"):
            pids.check_pid(process.pid)
        scope.write_text("0\n", encoding="ascii")
        pids.check_pid(process.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_s_process_is_told(tmp_path: Path):
    with running(sys.executable, script(tmp_path, LOOP)) as process:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setuid(65534)
                pids.check_pid(process.pid)
            except SessionError as refused:
                os.write(writing, str(refused).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
    assert said == f"Process {process.pid} belongs to another user: attach as that user, or as root."
