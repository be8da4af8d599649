"""``tapelens attach`` as a real command: programs that listen, and all that can stand in the way."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from cli.commands import Command, free_port, line_of, script, tapelens

LISTENING = """\
import sys
import debugpy

_, port = debugpy.listen(("127.0.0.1", 0))
print("port", port, flush=True)
debugpy.wait_for_client()
import torch
w = torch.tensor([2.0], requires_grad=True)
loss = (w * w).sum()
loss.backward()  # here
print("w.grad", w.grad.tolist(), flush=True)
sys.stdin.readline()
print("goes on", flush=True)
"""


@pytest.fixture
def listening(tmp_path: Path) -> Generator[tuple[subprocess.Popen[str], int]]:
    """A program that waits for a debugger, and its port."""
    path = script(tmp_path, LISTENING)
    environment = os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    with subprocess.Popen(
        [sys.executable, "-X", "frozen_modules=off", path],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline().split()[1])
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_a_listening_program_is_shown_at_its_stops_and_ends_by_itself(
    tmp_path: Path, listening: tuple[subprocess.Popen[str], int]
):
    process, port = listening
    here = line_of(tmp_path / "train.py", "here")
    command = Command("attach", f"127.0.0.1:{port}", f"--break=train.py:{here}", cwd=tmp_path)
    command.read_until(r"^\s+w\s+\[4\]\s+\[1\]\s+\[4\]")
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    ended = command.wait()
    assert f"● breakpoint {tmp_path / 'train.py'}:{here} in <module>" in ended.err
    assert (ended.status, ended.said) == (0, [])
    assert process.wait(20) == 0


def test_ctrl_c_leaves_the_program_which_goes_on(tmp_path: Path, listening: tuple[subprocess.Popen[str], int]):
    process, port = listening
    here = line_of(tmp_path / "train.py", "here")
    command = Command("attach", f"127.0.0.1:{port}", f"--break=train.py:{here}", cwd=tmp_path)
    command.read_until(r"^\s+w\s+\[4\]\s+\[1\]\s+\[4\]")
    command.process.send_signal(signal.SIGINT)
    assert command.wait().status == 130
    out, _ = process.communicate("\n", timeout=20)
    assert out.splitlines()[-1] == "goes on"
    assert process.returncode == 0


def test_ctrl_c_at_a_stop_leaves_the_program_running(tmp_path: Path, listening: tuple[subprocess.Popen[str], int]):
    process, port = listening
    here = line_of(tmp_path / "train.py", "here")
    command = Command("attach", f"127.0.0.1:{port}", f"--break=train.py:{here}", "--panel", cwd=tmp_path)
    command.read_until("loss.backward.. will fill w.grad")
    command.process.send_signal(signal.SIGINT)
    assert command.wait().status == 130
    out, _ = process.communicate("\n", timeout=20)
    assert out.splitlines()[-1] == "goes on"


def test_a_second_debugger_is_refused_in_one_sentence(tmp_path: Path, listening: tuple[subprocess.Popen[str], int]):
    _, port = listening
    here = line_of(tmp_path / "train.py", "here")
    first = Command("attach", f"127.0.0.1:{port}", f"--break=train.py:{here}", "--panel", cwd=tmp_path)
    first.read_until("loss.backward.. will fill w.grad")
    second = tapelens("attach", f"127.0.0.1:{port}", cwd=tmp_path)
    assert second.status == 2
    assert len(second.said) == 1
    assert re.search("already being debugged", second.said[0])
    first.process.send_signal(signal.SIGINT)
    first.wait()


def test_where_nothing_listens_a_sentence_says_what_to_start(tmp_path: Path):
    with free_port() as port:
        ended = tapelens("attach", f"127.0.0.1:{port}", cwd=tmp_path)
    assert ended.status == 2
    (sentence,) = ended.said
    assert sentence.startswith(f"Nothing listens at 127.0.0.1:{port}: start the program with `python -m debugpy ")


def test_a_host_that_does_not_exist_is_told(tmp_path: Path):
    ended = tapelens("attach", "no-such-host.invalid:5678", cwd=tmp_path)
    assert ended.status == 2
    assert len(ended.said) == 1


def test_what_listens_but_is_no_debugger_is_told(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = Command("attach", f"127.0.0.1:{port}", cwd=tmp_path)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        ended = command.wait()
    assert ended.status == 2
    assert len(ended.said) == 1


def test_a_port_that_is_taken_is_told_by_serve(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = tapelens("serve", "--tcp", server.getsockname()[1], cwd=tmp_path)
    assert ended.status == 2
    assert len(ended.said) == 1
    assert ended.said[0].startswith("Port ")


def test_a_program_elsewhere_is_shown_with_the_paths_from_here(
    tmp_path: Path, listening: tuple[subprocess.Popen[str], int]
):
    process, port = listening
    here = tmp_path / "here"
    here.mkdir()
    (here / "train.py").write_text(LISTENING, encoding="utf-8")
    line = line_of(here / "train.py", "here")
    command = Command("attach", f":{port}", f"--map=here={tmp_path}", f"--break=here/train.py:{line}", cwd=tmp_path)
    command.read_until(r"^\s+w\s+\[4\]\s+\[1\]\s+\[4\]")
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    ended = command.wait()
    assert f"● breakpoint {here / 'train.py'}:{line} in <module>" in ended.err
    assert f"◂ backward {here / 'train.py'}:{line}" in ended.err
    assert (ended.status, ended.said) == (0, [])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("src", "--map takes FOLDER=REMOTE, such as src=/app/src, not 'src'."),
        ("=/app", "--map takes FOLDER=REMOTE, such as src=/app/src, not '=/app'."),
        ("src=/app", "--map src=/app: there is no folder "),
    ],
)
def test_a_mapping_that_is_none_is_told(tmp_path: Path, written: str, told: str):
    ended = tapelens("attach", "5678", f"--map={written}", cwd=tmp_path)
    assert ended.status == 2
    (sentence,) = ended.said
    assert sentence.startswith(told)
