"""A program that runs as it would without us: no debugger, its probe tells findings through a socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from ..errors import SessionError, UsageError, WireError
from ..store.sessions import SessionInfo, Store
from ..wire.commands import Configuration
from ..wire.encode import to_json
from ..wire.reading import read_batch
from .at_start import ENTRY, FOLDER, PATH_BEFORE
from .bundle import bundle_root

STOP_PATIENCE_S = 3.0
"""How long a program that is told to end by SIGTERM may take."""

QUEUED_BYTES = 1 << 20
"""Asked of the system: what the socket holds of findings that nobody has read yet."""

_CHUNK = 1 << 16
_HIGHEST = 1000  # below the 1,024 descriptors that many systems allow, above those that programs count on


class PlainSession:
    """Runs a program on the standard streams that it is given; what its probe says goes to the store.

    Attributes:
        id: In the store.
    """

    def __init__(self, label: str, store: Store) -> None:
        self.id = f"plain:{uuid.uuid4().hex[:12]}"
        self._store = store
        self._line: socket.socket | None = None
        self._rest = b""
        self._process: asyncio.subprocess.Process | None = None
        store.open(SessionInfo(session=self.id, label=label))

    @classmethod
    async def launch(
        cls,
        words: Sequence[str],
        store: Store,
        *,
        label: str,
        python: Path | None,
        configuration: Configuration,
        stdout: IO[str] | None = None,
    ) -> PlainSession:
        """Start a program.

        ``words`` stand after the interpreter: a script as it is written, or ``-m`` and a module, then the
        program's own arguments. ``python`` is None for the interpreter of ours, ``stdout`` for our standard output.

        Raises:
            UsageError: This system cannot hand a socket on.
            SessionError: The interpreter cannot be started.
        """
        if not hasattr(socket, "AF_UNIX") or os.name != "posix":
            raise UsageError("A program without a debugger needs a POSIX system: use --pause-on all here.")
        session = cls(label, store)
        await session._begin([str(python or sys.executable), *words], configuration, stdout)
        return session

    async def _begin(self, command: list[str], configuration: Configuration, stdout: IO[str] | None) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        descriptor = -1
        try:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUED_BYTES)
            descriptor = _out_of_the_way(theirs.fileno())
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=None,
                stdout=stdout,
                stderr=None,
                env=environment(os.environ, configuration, descriptor),
                close_fds=False,  # it has what we were started with, as python would
            )
        except OSError as error:
            ours.close()
            raise SessionError(f"{command[0]} cannot be started: {error.strerror}.") from error
        finally:
            theirs.close()
            if descriptor >= 0:
                os.close(descriptor)
        ours.setblocking(False)
        self._line = ours
        asyncio.get_running_loop().add_reader(ours, self._read)
        self._store.update(self.id, state="running")

    async def wait_ended(self) -> None:
        """Until the program has ended, and all that it said is in the store."""
        if self._process is None:
            return
        code = await self._process.wait()
        self._read()  # what it started may live on and hold the socket: nobody waits for its end
        self._hang_up()
        self._store.update(self.id, exit_code=code, state="ended")

    def pass_on(self, number: int) -> None:
        """Send the program a signal."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def stop(self) -> None:
        """End the program: by SIGTERM, and if it does not follow by SIGKILL."""
        self.pass_on(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.wait_ended(), STOP_PATIENCE_S)
        except asyncio.TimeoutError:
            self.pass_on(signal.SIGKILL)
            await self.wait_ended()

    def _read(self) -> None:
        """Take what is there."""
        while self._line is not None:
            try:
                chunk = self._line.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self._hang_up()
                return
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._take(line.decode("utf-8", "surrogatepass"))

    def _take(self, line: str) -> None:
        if not line:
            self._store.update(self.id, torch="not_imported")
        elif line.startswith("!"):
            self._store.update(self.id, problem=f"The probe could not be put in: {line[1:]}.")
        else:
            try:
                self._store.take(self.id, read_batch(line))
            except WireError as error:
                self._store.update(self.id, problem=f"What the probe says cannot be read: {error}")

    def _hang_up(self) -> None:
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line)
            self._line.close()
            self._line = None


def environment(before: Mapping[str, str], configuration: Configuration, descriptor: int) -> dict[str, str]:
    """The program's; what is added here is taken out again before its first line."""
    added = {ENTRY: "\n".join([str(descriptor), str(bundle_root()), to_json(configuration)])}
    path = before.get("PYTHONPATH")
    if path is not None:
        added[PATH_BEFORE] = path
    added["PYTHONPATH"] = str(FOLDER) if not path else f"{FOLDER}{os.pathsep}{path}"
    return dict(before) | added


def _out_of_the_way(descriptor: int) -> int:
    """The same under a high number: the first file that the program opens has the number that it always has."""
    free = next((number for number in range(_HIGHEST, descriptor, -1) if not _is_open(number)), None)
    try:
        number = os.dup(descriptor) if free is None else os.dup2(descriptor, free)
    except OSError:  # fewer are allowed
        number = os.dup(descriptor)
    os.set_inheritable(number, True)
    return number


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
