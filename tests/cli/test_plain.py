"""A program under ``tapelens run`` is the program that python runs: what it can tell of itself, its output, its end."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.commands import Command, script, tapelens

PROGRAMS = Path(__file__).parent / "programs"
ONLY_THE_PROGRAMS = "import sys\nif 'tapelens' not in sys.orig_argv:\n"
OURS = [sys.executable, "-m", "tapelens", "run"]


class Seen(NamedTuple):
    """What one sees of a program from outside; of what tapelens itself says nothing."""

    status: int
    out: str
    err: str


def both(*words: str, cwd: Path, stdin: str = "said", **environment: str) -> tuple[Seen, Seen]:
    """Under python itself and under us, at the same time."""
    running = [
        subprocess.Popen(
            [*command, *words],
            cwd=cwd,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in ([sys.executable], OURS)
    ]
    seen = [(each, *each.communicate(stdin, timeout=90)) for each in running]
    plain, ours = (Seen(each.returncode, out, without_our_words(err)) for each, out, err in seen)
    return plain, ours


def before(path: str) -> str:
    """The folders, before those that let an interpreter find tapelens at all."""
    return os.pathsep.join([path, *([os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else [])])


def without_our_words(err: str) -> str:
    return "".join(line for line in err.splitlines(keepends=True) if not line.startswith("tapelens: "))


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the programs, and with a torch that is too old and at once imported."""
    for program in PROGRAMS.iterdir():
        script(tmp_path, program.read_text(), program.name)
    (tmp_path / "package").mkdir()
    script(tmp_path / "package", (PROGRAMS / "identity.py").read_text(), "__main__.py")
    script(tmp_path / "package", "", "__init__.py")
    (tmp_path / "torch").mkdir()
    script(tmp_path / "torch", '__version__ = "1.13"\n', "__init__.py")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["./identity.py", "a", "--break", "-m"],
        ["package"],
        ["-m", "package", "-q"],
        ["-m", "identity", "--steps"],
    ],
    ids=" ".join,
)
def test_what_a_program_can_tell_of_itself_is_the_same(programs: Path, words: list[str]):
    plain, ours = both(*words, cwd=programs)
    assert plain.status == 0
    assert ours._replace(status=0) == plain


@pytest.mark.parametrize("path", ["", "here::elsewhere"])
def test_the_users_path_and_sitecustomize_are_the_users(programs: Path, path: str):
    (programs / "here").mkdir()
    script(programs / "here", f"{ONLY_THE_PROGRAMS}    print('the own', __file__, __name__)\n", "sitecustomize.py")
    plain, ours = both("identity.py", cwd=programs, PYTHONPATH=before(path))
    assert ours._replace(status=0) == plain
    assert ("the own" in plain.out) == bool(path)


def test_a_sitecustomize_that_fails_fails_as_it_would(programs: Path):
    (programs / "here").mkdir()
    script(programs / "here", f"{ONLY_THE_PROGRAMS}    raise ValueError('custom')\n", "sitecustomize.py")
    plain, ours = both("identity.py", cwd=programs, PYTHONPATH=before("here"))
    assert ours._replace(status=0) == plain
    assert "ValueError: custom" in plain.err


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT", "SIGSEGV", "hard", "text", "chain", "hook", "import"])
def test_a_program_ends_as_it_would(programs: Path, how: str):
    plain, ours = both("ends.py", how, cwd=programs)
    assert ours == plain
    assert plain.status != 0


@pytest.mark.parametrize("text", ["import torch.inner\n", "raise ImportError('gone')\n"])
def test_a_torch_that_fails_to_import_leaves_its_own_traceback(programs: Path, text: str):
    script(programs / "torch", text, "__init__.py")
    script(programs / "torch", "raise ValueError('inner')\n", "inner.py")
    plain, ours = both("ends.py", "broken", cwd=programs)
    assert ours == plain
    assert "Traceback" in plain.err


def test_children_pickles_threads_and_handlers_at_exit_are_the_same(tmp_path: Path):
    script(tmp_path, (PROGRAMS / "family.py").read_text(), "family.py")
    plain, ours = both("family.py", "3", cwd=tmp_path)
    assert ours == plain
    assert (plain.status, plain.err) == (3, "")
    assert plain.out.endswith("first registered, last run\n")


def test_a_terminal_stays_one(programs: Path):
    said: list[bytes] = []
    for command in ([sys.executable], OURS):
        controller, terminal = pty.openpty()
        running = subprocess.Popen([*command, "identity.py"], cwd=programs, stdin=terminal, stdout=terminal, stderr=2)
        os.close(terminal)
        told = b""
        with suppress(OSError):  # the other end is closed
            while select.select([controller], [], [], 60)[0]:
                told += os.read(controller, 65536)
        os.close(controller)
        running.wait(60)
        said.append(told)
    assert b"tty [True, True, False]" in said[0]
    assert said[0] == said[1]


def test_a_key_that_interrupts_reaches_the_program_once(programs: Path):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(programs)
        os.execv(sys.executable, [*OURS, "ends.py", "counts"])
    told = b""
    with suppress(OSError):  # the other end is closed
        while select.select([terminal], [], [], 60)[0]:
            told += os.read(terminal, 65536)
            if told.endswith(b"ready\r\n"):
                os.write(terminal, b"\x03")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2
    assert b"interrupted once" in told


def test_a_signal_sent_to_us_reaches_the_program_which_ends_as_it_likes(programs: Path):
    command = Command("run", "ends.py", "handled", cwd=programs)
    command.read_until("ready", "out")
    command.process.send_signal(signal.SIGTERM)
    ended = command.wait()
    assert (ended.status, ended.out) == (2, "ready\nhandled\n")
    assert ended.said == ["The program ended without importing torch: there was nothing to show."]


def test_a_signal_that_we_were_started_to_ignore_is_ignored(programs: Path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        command = Command("run", "ends.py", "handled", cwd=programs)
    finally:
        signal.signal(signal.SIGHUP, before)
    command.read_until("ready", "out")
    command.process.send_signal(signal.SIGHUP)
    command.process.send_signal(signal.SIGTERM)
    assert command.wait().out == "ready\nhandled\n"


def test_a_program_that_takes_too_long_is_stopped(programs: Path):
    ended = tapelens("run", "--timeout=1", "--format=json", "ends.py", "waits", cwd=programs)
    assert ended.status == 2
    assert ended.object["notes"] == ["The program did not end within 1 s and was stopped."]
