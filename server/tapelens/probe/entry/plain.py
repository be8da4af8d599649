"""The way in without a debugger: ``sessions/at_start`` calls ``enter`` as torch has been imported.

What the probe says goes to the command line as it comes to be, a ``Batch`` as JSON a line, through a socket
that the program has inherited.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import threading
from types import FrameType, ModuleType

from ...wire.commands import Configuration
from ..outbox import Outbox
from ..session import ProbeSession, is_switched_off
from ..tracebacks import ExplainingHook
from .configured import configuration_of
from .forks import in_forked_children

QUEUED_BYTES = 1 << 22
"""What may wait for a command line that does not read."""

_FLAGS = getattr(socket, "MSG_DONTWAIT", 0) | getattr(socket, "MSG_NOSIGNAL", 0)
"""Neither wait for the reader nor die of its end, whatever the program does about SIGPIPE."""


class Line:
    """The socket to the command line, known by its descriptor alone: nothing of ours is to be closed.

    NOTE [a descriptor that is another's]: programs close descriptors that they do not know, and open files
    that get the same number. What is not the socket any more is left alone.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._identity = _identity(descriptor)
        self._rest = b""
        self._lock = threading.Lock()

    def send_event(self, body: dict[str, object]) -> bool:
        """Send a line as far as it goes now; False when nobody takes it any more."""
        if self._identity is None:
            return False
        with self._lock:
            self._rest += str(body["data"]).encode("utf-8", "surrogatepass") + b"\n"
            self._push()
        return True

    def waiting(self) -> int:
        """More events than may wait when the reader is far behind, else whether something is left to send."""
        with self._lock:
            self._push()
            return len(self._rest) if len(self._rest) > QUEUED_BYTES else min(len(self._rest), 1)

    def _push(self) -> None:
        if not self._rest:
            return
        if self._identity is None or _identity(self._descriptor) != self._identity:
            self._give_up()
            return
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=self._descriptor)
        try:
            while self._rest:
                self._rest = self._rest[line.send(self._rest, _FLAGS) :]
        except BlockingIOError:
            return
        except OSError:
            self._give_up()
        finally:
            line.detach()

    def _give_up(self) -> None:
        self._identity, self._rest = None, b""


class _Entered:
    """The probe of this process."""

    def __init__(self, configuration: Configuration, descriptor: int) -> None:
        self.outbox = Outbox(Line(descriptor))
        self.session = ProbeSession(configuration, self.outbox, pause=_never, stop=lambda: 0, missing=[])
        self._hook = ExplainingHook(self.session.explain)

    def begin(self, torch: ModuleType) -> None:
        """Watch, to the end of the program; a fork is another program."""
        if is_switched_off():
            self.outbox.send(self.session.hello())
            return
        atexit.register(self._at_exit)
        in_forked_children(self._fall_silent)
        self.session.meet(torch)
        self._hook.install()

    def _fall_silent(self) -> None:
        self._hook.remove()
        atexit.unregister(self._at_exit)
        self.outbox.fall_silent()
        self.session.detach()

    def _at_exit(self) -> None:
        self.outbox.send(self.session.goodbye())
        self.outbox.flush()


def enter(torch: ModuleType, *, descriptor: int, configuration: str) -> None:
    """Put the probe in.

    Args:
        torch: Whole, on the thread that has just imported it.
        descriptor: Of the socket.
        configuration: ``wire.commands.Configuration`` as JSON.
    """
    _Entered(configuration_of(json.loads(configuration)), descriptor).begin(torch)


def _never(frame: FrameType, *, reason: str, text: str) -> None:
    """There is no debugger to pause in."""


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino
