"""How a run is followed and shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..report.formats import Format
from ..sessions.interface import Breakpoint
from ..store.sessions import shown_as_it_is
from ..wire.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Following:
    """What the command line asked for.

    Attributes:
        label: What is run, for the line that says so while it starts.
        breakpoints: Where the program is asked to stop; one that it never reaches is told.
        output: Where the report goes, None for the standard streams.
        show_all: Findings of severity information too.
        explain: A sentence for newcomers on each tensor of a stop.
        attached: The program is not ours: a debugger that attached is not told its exit status.
        plain: The program runs without a debugger, on our own standard streams.
        stay: Serve the panel, and leave going on at a stop to it.
        timeout_s: Seconds after which the program is stopped.
        exit_zero: Findings set no exit status.
        judge: What becomes of each finding; None for one that is not shown.
    """

    label: str
    breakpoints: Sequence[Breakpoint] = ()
    format: Format = "text"
    output: Path | None = None
    show_all: bool = False
    explain: bool = False
    attached: bool = False
    plain: bool = False
    stay: bool = False
    timeout_s: float | None = None
    exit_zero: bool = False
    judge: Callable[[Finding], Finding | None] = shown_as_it_is
