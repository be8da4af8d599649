"""How a debug session begins: the probe goes in before the program's first line, then the breakpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BundleAbsent, SessionError
from ..wire.commands import Configuration
from ..wire.envelope import Batch
from .answers import unwrap
from .bootstrap import bootstrap_expression
from .dap import DapChannel
from .interface import Breakpoint, DapRequest, FunctionBreakpoint
from .paths import PathMapping

LAUNCH_DEADLINE_S = 60.0

_CLIENT = {
    "clientID": "tapelens",
    "clientName": "tapelens",
    "adapterID": "debugpy",
    "linesStartAt1": True,
    "columnsStartAt1": True,
    "pathFormat": "path",
    "locale": "en",
}


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a session and the sessions of its children are begun with; without a configuration no probe goes in."""

    configuration: Configuration | None
    breakpoints: Sequence[Breakpoint] = ()
    function_breakpoints: Sequence[FunctionBreakpoint] = ()
    stop_on_uncaught: bool = True
    paths: Sequence[PathMapping] = ()


Greet = Callable[[Batch | None, str | None], None]
"""Takes what the probe said as it came in; or None, and why it could not be put in."""


async def begin(
    channel: DapChannel,
    command: str,
    arguments: Mapping[str, Any],
    wishes: Wishes,
    *,
    initialized: asyncio.Event,
    greet: Greet,
) -> list[tuple[Breakpoint, str]]:
    """Launch or attach; the program runs when this returns, and may have stopped.

    ``initialized`` is set when the adapter says so; ``greet`` is called before the program runs.

    Returns:
        Breakpoints where nothing can stop, and why.

    Raises:
        SessionError: The adapter refused, or did not answer in time.
    """
    await channel.request("initialize", _CLIENT)
    begun = channel.send(command, arguments)
    await _await_initialized(initialized, begun)
    if wishes.configuration is not None:
        try:
            greet(await put_probe_in(channel.request, wishes.configuration), None)
        except SessionError as refused:
            if channel.is_closed:
                raise
            greet(None, f"The probe could not be put into the program: {refused}")
    unverified = await _set_breakpoints(channel, wishes.breakpoints)
    if wishes.function_breakpoints:
        named = [{"name": each.name, **_conditions(each)} for each in wishes.function_breakpoints]
        await channel.request("setFunctionBreakpoints", {"breakpoints": named})
    filters = ["uncaught"] if wishes.stop_on_uncaught else []
    await channel.request("setExceptionBreakpoints", {"filters": filters})
    await channel.request("configurationDone", {})
    await channel.answer(begun, command, deadline_s=LAUNCH_DEADLINE_S)
    return unverified


async def put_probe_in(request: DapRequest, configuration: Configuration) -> Batch:
    """Evaluate the bootstrap: by path, and as text where the program cannot see our files.

    Raises:
        SessionError: It was refused, or did not answer.
    """
    try:
        return await _evaluate(request, bootstrap_expression(configuration))
    except BundleAbsent:
        return await _evaluate(request, bootstrap_expression(configuration, carrying="text"))


async def _evaluate(request: DapRequest, expression: str) -> Batch:
    arguments = {"expression": expression, "context": "hover", "format": {"rawString": True}}
    body = await request("evaluate", arguments)
    return unwrap(str(body.get("result", "")))


async def _await_initialized(initialized: asyncio.Event, begun: asyncio.Future[Mapping[str, Any]]) -> None:
    """Wait until the debuggee takes settings; a refusal of ``launch`` or ``attach`` comes first."""
    waiting = asyncio.create_task(initialized.wait())
    try:
        done, _ = await asyncio.wait({waiting, begun}, timeout=LAUNCH_DEADLINE_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if begun in done and not initialized.is_set():
        begun.result()  # raises the refusal
    if not initialized.is_set():
        raise SessionError(f"The debugger did not begin within {LAUNCH_DEADLINE_S:g} s.")


async def _set_breakpoints(channel: DapChannel, breakpoints: Sequence[Breakpoint]) -> list[tuple[Breakpoint, str]]:
    by_path: dict[Path, list[Breakpoint]] = {}
    for breakpoint_ in breakpoints:
        by_path.setdefault(breakpoint_.path, []).append(breakpoint_)
    unverified: list[tuple[Breakpoint, str]] = []
    for path, group in by_path.items():
        lines = [{"line": one.line, **_conditions(one)} for one in group]
        answer = await channel.request("setBreakpoints", {"source": {"path": str(path)}, "breakpoints": lines})
        for one, told in zip(group, answer.get("breakpoints") or (), strict=False):
            if not told.get("verified"):
                unverified.append((one, str(told.get("message") or "")))
    return unverified


def _conditions(of: Breakpoint | FunctionBreakpoint) -> dict[str, str]:
    conditions = {"condition": of.condition, "hitCondition": of.hit_condition}
    return {name: value for name, value in conditions.items() if value}
