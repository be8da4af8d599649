"""What the server asks of the probe, by ``evaluate`` of a call of ours, and how it answers."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Arm:
    """From now on capture and send at each stop (or stop doing so)."""

    kind: Literal["arm"]
    on: bool


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Take a snapshot of one frame of the paused thread that evaluates this command.

    Attributes:
        thread: The debugger's id of the thread, put into the snapshot.
        depth: 0 for the innermost frame.
    """

    kind: Literal["capture"]
    thread: int
    depth: int


@dataclass(frozen=True, kw_only=True)
class PauseOn:
    """Pause the program before the fault when one of these rules speaks; ``all`` for any."""

    kind: Literal["pause_on"]
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Detach:
    """Take every tap out again and fall silent."""

    kind: Literal["detach"]


Command = Arm | Capture | PauseOn | Detach


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How the probe begins; it travels in the bootstrap.

    Attributes:
        armed: Capture at each stop from the first on.
        pause_on: Slugs of rules that pause the program, or ``all``.
        select: Slugs of the only rules that speak; empty for all.
        ignore: Slugs of rules that stay silent.
    """

    kind: Literal["configuration"]
    armed: bool
    pause_on: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
