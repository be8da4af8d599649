"""Attaching to a process that runs without a debugger: what the system forbids, said before it is tried."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from ..errors import SessionError

SCAN = "PYDEVD_GDB_SCAN_SHARED_LIBRARIES"
LIBRARIES = "libdl.so,libc.so.6"
"""Where glibc has ``dlopen``. Without a word gdb reads the symbols of every library: 11 s with torch's, 2 s so."""

PTRACE_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")
CAP_SYS_PTRACE = 1 << 19
LISTEN_INSTEAD = "start the program with `python -m debugpy --listen 5678 SCRIPT` and attach to port 5678"

SETTLE_S = 0.2
TRACED_DEADLINE_S = 30.0
TRACED_LOOK_S = 0.02
FAILED = "Attach to PID failed."
"""What debugpy's adapter prints before the injector's own words."""


class Injector:
    """What debugpy's injector says while it works.

    Attributes:
        failed: It has given up.
    """

    def __init__(self) -> None:
        self.failed = asyncio.Event()
        self._said = ""

    def hear(self, text: str) -> None:
        """A piece of what it prints."""
        self._said += text
        if FAILED in self._said:
            self.failed.set()

    async def whole(self) -> str:
        """All that it said; its reasons come right after the word that it failed."""
        await asyncio.sleep(SETTLE_S)
        return self._said.partition(FAILED)[2]


def check_pid(pid: int) -> None:
    """See that a debugger may enter the process.

    Raises:
        SessionError: It may not, and why.
    """
    if pid == os.getpid():
        raise SessionError(f"Process {pid} is tapelens itself.")
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError) as gone:
        raise SessionError(f"There is no process {pid}.") from gone
    except PermissionError as foreign:
        raise SessionError(_foreign(pid)) from foreign
    if sys.platform != "linux":
        return  # debugpy has its own way there, and its own words
    _check_status(pid)
    _check_rights(pid)
    if not is_python(pid):
        raise SessionError(f"Process {pid} is no Python program: {_command_of(pid)}.")
    if (debugger := debugger_of(pid)) is not None:
        raise SessionError(
            f"Process {pid} is already being debugged, by process {debugger}; a program takes one debugger at a time."
        )
    if shutil.which("gdb") is None:
        raise SessionError(
            f"Attaching to a process needs gdb, which is not installed: install it, or {LISTEN_INSTEAD}."
        )


def injector_environment(pid: int) -> dict[str, str]:
    """What makes the injector fast where that is known to work."""
    if SCAN not in os.environ and "/libc.so.6" in _maps_of(pid):
        return {SCAN: LIBRARIES}
    return {}


async def until_untraced(pid: int) -> None:
    """Until gdb has let go of the process.

    NOTE [gdb is not stopped halfway]: while it has the process call a function its registers are
    gdb's, and a gdb that is killed then takes the program with it.
    """
    for _ in range(int(TRACED_DEADLINE_S / TRACED_LOOK_S)):
        if _status_of(pid).get("TracerPid", "0") == "0":
            return
        await asyncio.sleep(TRACED_LOOK_S)


def why_failed(pid: int, said: str) -> str:
    """The reason that the injector gave, in one sentence."""
    if "Operation not permitted" in said or "ptrace" in said:
        return f"The system does not let gdb look into process {pid}: {_how_to_allow()}."
    last = [line for line in said.splitlines() if line.strip() and FAILED not in line][-1:]
    return f"No debugger could be put into process {pid}: {last[0].strip() if last else 'gdb gave no reason'}"


def is_python(pid: int) -> bool:
    """Whether a Python interpreter runs in the process."""
    try:
        program = Path(os.readlink(f"/proc/{pid}/exe")).name  # noqa: PTH115 (a name alone is wanted)
    except OSError:
        program = ""
    if program.startswith(("python", "pypy")):
        return True
    maps = _maps_of(pid)
    return not maps or "libpython" in maps  # not to be seen: the attempt will tell


def debugger_of(pid: int) -> int | None:
    """The process of the debug adapter that the process is connected to, None without one."""
    try:
        ours = {_socket_of(each) for each in Path(f"/proc/{pid}/fd").iterdir()} - {None}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return None
    peers = {(row[2], row[1]) for row in rows if row[9] in ours}
    theirs = {row[9] for row in rows if (row[1], row[2]) in peers} - ours
    if not theirs:
        return None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and "debugpy" in _command_of(int(entry.name)):
            try:
                if any(_socket_of(each) in theirs for each in (entry / "fd").iterdir()):
                    return int(entry.name)
            except OSError:
                continue
    return None


def _check_status(pid: int) -> None:
    status = _status_of(pid)
    if status.get("State", "").startswith("Z"):
        raise SessionError(f"Process {pid} has ended.")
    tracer = status.get("TracerPid", "0")
    if tracer != "0":
        raise SessionError(f"Process {pid} is already traced, by process {tracer}: a debugger, or strace.")


def _check_rights(pid: int) -> None:
    if int(_status_of(os.getpid()).get("CapEff", "0"), 16) & CAP_SYS_PTRACE:
        return
    owner = _status_of(pid).get("Uid", "").split()[:1]
    if owner and int(owner[0]) != os.geteuid():
        raise SessionError(_foreign(pid))
    try:
        scope = int(PTRACE_SCOPE.read_text(encoding="ascii"))
    except (OSError, ValueError):
        scope = 0
    if scope > 0:
        raise SessionError(f"The system does not let gdb look into process {pid}: {_how_to_allow()}.")


def _foreign(pid: int) -> str:
    return f"Process {pid} belongs to another user: attach as that user, or as root."


def _how_to_allow() -> str:
    return f"allow it by `sudo sysctl kernel.yama.ptrace_scope=0`, or {LISTEN_INSTEAD}"


def _status_of(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _maps_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _socket_of(descriptor: Path) -> str | None:
    try:
        target = os.readlink(descriptor)  # noqa: PTH115 (Path.readlink makes a path of "socket:[7]")
    except OSError:
        return None
    return target[8:-1] if target.startswith("socket:[") else None
