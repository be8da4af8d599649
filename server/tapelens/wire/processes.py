"""Which process speaks, and what it can do."""

from dataclasses import dataclass
from typing import Literal

from .sites import Site


@dataclass(frozen=True, kw_only=True)
class Process:
    """The process that a message came from.

    Attributes:
        pid: Its process id on its own host.
        host: Name of that host.
        rank: Rank in the process group (``RANK``), None outside one.
        local_rank: Rank on the host (``LOCAL_RANK``), None outside one.
        parent: Process id of its parent.
        restart: How often an elastic launcher restarted it (``TORCHELASTIC_RESTART_COUNT``).
    """

    pid: int
    host: str
    rank: int | None
    local_rank: int | None
    parent: int
    restart: int


TorchState = Literal["not_imported", "watching", "too_old", "switched_off"]


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The probe is in, or what it knows of torch has changed.

    Attributes:
        wire: Version of the wire that the probe speaks.
        python: Version of the interpreter.
        torch: Version of torch, None while the program has not imported it.
        state: Whether tensors can be shown.
        cwd: The folder that the program runs in now, empty when it is gone.
        missing: Parts of the debugger or of torch that the probe looked for in vain, in words.
    """

    kind: Literal["hello"]
    wire: int
    python: str
    torch: str | None
    state: TorchState
    cwd: str
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Uncaught:
    """An exception that nobody catches left the program, or stopped it in the debugger."""

    kind: Literal["uncaught"]
    type_name: str
    message: str
    site: Site | None
    stop: int


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """Messages that were not sent because the client did not take them fast enough."""

    kind: Literal["dropped"]
    count: int


@dataclass(frozen=True, kw_only=True)
class ProbeFault:
    """A fault of our own: the tap named went quiet, the program goes on."""

    kind: Literal["probe_fault"]
    where: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Goodbye:
    """The program has ended, or the probe was detached.

    Attributes:
        probe_us: Time that the probe itself took in this process, microseconds.
    """

    kind: Literal["goodbye"]
    probe_us: int
