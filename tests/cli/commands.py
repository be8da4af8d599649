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
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

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

    begun: ClassVar[list[Command]] = []

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
            bufsize=0,
        )
        self.read = {"out": "", "err": ""}
        self.begun.append(self)

    def wait(self) -> Ended:
        """The command's end, and that of all that it started."""
        try:
            out, err = self.process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.end_all()
            out, err = self.process.communicate()
            raise AssertionError(f"the command did not end; it said {self.read} {out!r} {err!r}") from None
        self.assert_nothing_left()
        return Ended(self.process.returncode, self.read["out"] + out.decode(), self.read["err"] + err.decode())

    def read_until(self, pattern: str, stream: Literal["out", "err"] = "err") -> None:
        """Read what it prints until a line matches a pattern."""
        pipe = self.process.stdout if stream == "out" else self.process.stderr
        assert pipe is not None
        end = time.monotonic() + DEADLINE_S
        while not re.search(pattern, self.read[stream], re.MULTILINE):
            ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(pipe.fileno(), 65536).decode() if ready else ""
            self.read[stream] += chunk
            if not chunk:
                self.end_all()
                raise AssertionError(f"nothing with {pattern!r} came; it said {self.read} {self.process.communicate()}")

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

    def close(self) -> None:
        """Leave nothing, whatever the test came to."""
        self.end_all()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        self.process.wait(SETTLE_S)

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
