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
        stop: The server's count of the session's stops, for a probe that came late or cannot count them itself.
    """

    kind: Literal["capture"]
    thread: int
    depth: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class PauseOn:
    """Pause the program before the fault when one of these rules speaks; ``all`` for any."""

    kind: Literal["pause_on"]
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Detach:
    """Take every tap out again and fall silent."""

    kind: Literal["detach"]


@dataclass(frozen=True, kw_only=True)
class Tape:
    """Send a stretch of the whole tape behind a paused frame; rows as in ``TapePage``.

    Attributes:
        depth: 0 for the innermost frame.
        first: Row of the first node wanted.
        count: How many at most.
    """

    kind: Literal["tape"]
    depth: int
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Compute what the backward foreseen in a paused frame would bring, accumulating nothing.

    Attributes:
        depth: 0 for the innermost frame.
        expression: A name, attributes and constant subscripts; empty for the root foreseen.
    """

    kind: Literal["preview"]
    depth: int
    expression: str


Command = Arm | Capture | PauseOn | Tape | Preview | Detach

Lines = Literal["auto", "every_line", "off"]
"""Whether nodes' lines are noted: as finely as costs next to nothing on this Python, each line at any cost, or not."""


@dataclass(frozen=True, kw_only=True)
class RuleThreshold:
    """A number that a project sets in place of a rule's own."""

    rule: str
    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How the probe begins; it travels in the bootstrap.

    Attributes:
        armed: Capture at each stop from the first on.
        pause_on: Slugs of rules that pause the program, or ``all``.
        select: Slugs of the only rules that speak; empty for all.
        ignore: Slugs of rules that stay silent.
        lines: Whether nodes' lines are noted.
        steps: Optimizers' steps after which the watch ends and the program goes on without; 0 for no end.
        cards: Show tensors, modules and optimizers in the debugger's own views as cards.
        thresholds: In place of the rules' own.
    """

    kind: Literal["configuration"]
    armed: bool
    pause_on: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    lines: Lines
    steps: int
    cards: bool
    thresholds: tuple[RuleThreshold, ...]
