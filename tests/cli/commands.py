"""Runs the real command and sees that nothing stays behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

DEADLINE_S = 90
SETTLE_S = 10
MARK = "TAPELENS_TEST_RUN"


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> list[str]:
        """The sentences that tapelens itself says."""
        return [line.removeprefix("tapelens: ") for line in self.err.splitlines() if line.startswith("tapelens: ")]

    @property
    def object(self) -> dict[str, Any]:
        return json.loads(self.out)


class Command:
    """``tapelens`` as a process of its own, with a mark that all its descendants inherit."""

    def __init__(self, *arguments: object, cwd: Path, **environment: str) -> None:
        self.mark = uuid.uuid4().hex
        environment = {**os.environ, "COLUMNS": "120", MARK: self.mark, **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tapelens", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self, *, already_read: str = "") -> Ended:
        """The command's end, and that of all that it started."""
        try:
            out, err = self.process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.end_all()
            out, err = self.process.communicate()
            raise AssertionError(f"the command did not end; it said {out!r} {err!r}") from None
        self.assert_nothing_left()
        return Ended(self.process.returncode, out, already_read + err)

    def read_until(self, pattern: str, stream: IO[str] | None = None) -> str:
        """What it prints on standard error, up to a line that a pattern matches."""
        stream = stream or self.process.stderr
        assert stream is not None
        read = ""
        while line := stream.readline():
            read += line
            if re.search(pattern, line):
                return read
        raise AssertionError(f"no line with {pattern!r} came; it said {read!r}")

    def descendants(self) -> dict[int, str]:
        """Command line by process id of every living process that carries the mark, but the command itself."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if not entry.name.isdigit() or int(entry.name) == self.process.pid:
                    continue
                if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.name)] = line
        return found

    def assert_nothing_left(self) -> None:
        left = self.descendants()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                select.select([handle], [], [], SETTLE_S)
                os.close(handle)
        if left := self.descendants():
            self.end_all()
            raise AssertionError(f"left behind: {left}")

    def end_all(self) -> None:
        for pid in (self.process.pid, *self.descendants()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def tapelens(*arguments: object, cwd: Path, **environment: str) -> Ended:
    """Run the command to its end."""
    return Command(*arguments, cwd=cwd, **environment).wait()


@contextlib.contextmanager
def free_port() -> Generator[int]:
    """A port of this machine that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield port


def script(folder: Path, text: str, name: str = "train.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def line_of(path: Path, mark: str) -> int:
    """Number of the line that ends with ``# mark``."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if text.endswith(f"# {mark}"))
