"""What a debug session can do, whoever speaks DAP for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ..wire.commands import Command
from ..wire.envelope import Batch

Action = Literal["continue", "next", "step_in", "step_out", "pause", "stop"]


@dataclass(frozen=True, kw_only=True)
class Breakpoint:
    """A line to stop at, and the condition under which to.

    Attributes:
        path: Absolute path of the file.
        line: From 1.
        condition: A Python expression, or None.
        hit_condition: Which of the passes stop, as debugpy reads it (``3``, ``>=3``, ``%10``), or None for all.
    """

    path: Path
    line: int
    condition: str | None = None
    hit_condition: str | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionBreakpoint:
    """A function to stop in, before its first line; its conditions as of a ``Breakpoint``."""

    name: str
    condition: str | None = None
    hit_condition: str | None = None


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A program to start under the debugger; exactly one of ``program`` and ``module``.

    Attributes:
        args: The program's arguments.
        python: The interpreter that runs it, None for this one.
        stop_on_uncaught: Stop where an exception is raised that nobody catches.
        children: Debug the Python processes that it starts too, each in a session of its own.
    """

    program: Path | None = None
    module: str | None = None
    args: Sequence[str] = ()
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    python: Path | None = None
    breakpoints: Sequence[Breakpoint] = ()
    function_breakpoints: Sequence[FunctionBreakpoint] = ()
    stop_on_uncaught: bool = True
    children: bool = True


class Session(Protocol):
    """A running debug session; its states and snapshots go to the store it was made with."""

    @property
    def id(self) -> str:
        """The session's id in the store."""
        ...

    async def act(self, action: Action) -> None:
        """Continue, step, pause or stop.

        Raises:
            SessionError: The session has ended, does not stand still, or is not ours to control.
        """
        ...

    async def ask_probe(self, command: Command, *, frame_id: int | None = None) -> Batch:
        """Have the probe run a command, in a paused frame when one is given.

        Raises:
            SessionError: No answer within the deadline, or the probe refused.
        """
        ...

    async def close(self) -> None:
        """End the debuggee that we launched, or leave one that we attached to; reap what is ours."""
        ...


DapRequest = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Sends one DAP request, gives the response's body."""
