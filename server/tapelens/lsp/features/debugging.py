"""Debug sessions by ``workspace/executeCommand``, so that every LSP client can have them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import SessionError, UsageError
from ...sessions.direct import DirectSession
from ...sessions.interface import Action, Breakpoint, FunctionBreakpoint, Launch
from ...sessions.paths import PathMapping
from ...wire.asked import Previewed
from ...wire.commands import Preview
from ..language_server import TapelensServer
from ..messages import (
    AttachArguments,
    BreakpointArguments,
    LaunchArguments,
    Output,
    PreviewArguments,
    PreviewTold,
    SessionArguments,
    SessionOpened,
    to_params,
)
from ..progress import under_way

ACTION_OF: dict[str, Action] = {
    "tapelens.continue": "continue",
    "tapelens.next": "next",
    "tapelens.stepIn": "step_in",
    "tapelens.stepOut": "step_out",
    "tapelens.pause": "pause",
    "tapelens.stop": "stop",
}


async def launch(ls: TapelensServer, arguments: LaunchArguments) -> dict[str, Any]:
    """Start a program under the debugger.

    Raises:
        UsageError: It cannot be started as asked.
        SessionError: The debugger did not begin.
    """
    asked = _to_launch(ls, arguments)
    what = asked.program.name if asked.program is not None else f"-m {asked.module}"
    return await _open(
        ls,
        title=f"Starting {what}",
        opening=lambda on_output: DirectSession.launch(
            asked,
            ls.store,
            configuration=ls.settings.configuration(ls.project(), wanted=arguments.tapelens),
            on_output=on_output,
            on_child=ls.keep,
        ),
    )


async def attach(ls: TapelensServer, arguments: AttachArguments) -> dict[str, Any]:
    """Attach to a program that listens, or to a process that runs without a debugger.

    Raises:
        UsageError: Neither by port nor by process id, or by both.
        SessionError: Nothing listens there, the system forbids it, or another client is attached.
    """
    breakpoints = [_to_breakpoint(each, _root(ls)) for each in arguments.breakpoints]
    port, pid = arguments.port, arguments.pid
    if port is not None and pid is None:
        if not 0 < port < 2**16:
            raise UsageError(f"{port} is no port: they go from 1 to 65535.")
        return await _open(
            ls,
            title=f"Attaching to {arguments.host}:{port}",
            opening=lambda on_output: DirectSession.attach(
                arguments.host,
                port,
                ls.store,
                configuration=ls.settings.configuration(ls.project(), wanted=arguments.tapelens),
                breakpoints=breakpoints,
                on_output=on_output,
                on_child=ls.keep,
                paths=[
                    PathMapping(local_root=each.localRoot, remote_root=each.remoteRoot)
                    for each in arguments.path_mappings
                ],
            ),
        )
    if pid is not None and port is None:
        return await _open(
            ls,
            title=f"Attaching to process {pid}",
            opening=lambda on_output: DirectSession.attach_pid(
                pid,
                ls.store,
                configuration=ls.settings.configuration(ls.project(), wanted=arguments.tapelens),
                breakpoints=breakpoints,
                on_output=on_output,
            ),
        )
    raise UsageError(
        "tapelens.attach needs one of 'port' (of a program started with `python -m debugpy --listen 5678 SCRIPT`)"
        " and 'pid' (of a process that runs)."
    )


async def act(ls: TapelensServer, action: Action, arguments: SessionArguments) -> None:
    """Continue, step, pause or stop.

    Raises:
        SessionError: There is no such session, it has ended, or it does not stand still.
    """
    await ls.session(arguments.session).act(action)


async def preview(ls: TapelensServer, arguments: PreviewArguments) -> dict[str, Any]:
    """Compute what the backward foreseen at a session's stop would bring, accumulating nothing.

    Raises:
        SessionError: There is no such session, it does not stand still, or the probe has no answer.
    """
    command = Preview(kind="preview", depth=0, expression=arguments.expression)
    batch = await ls.session(arguments.session).ask_probe(command)
    for message in batch.messages:
        if isinstance(message, Previewed):
            return to_params(PreviewTold(preview=message))
    raise SessionError("The program's graph could not be read at this stop.")


async def _open(
    ls: TapelensServer,
    *,
    title: str,
    opening: Callable[[Callable[[str, str], None]], Awaitable[DirectSession]],
) -> dict[str, Any]:
    """Open a session while the client shows that something is under way."""
    opened: list[DirectSession] = []
    early: list[tuple[str, str]] = []

    def on_output(category: str, text: str) -> None:
        if opened:
            ls.announce(Output(session=opened[0].id, category=category, text=text))
        else:
            early.append((category, text))

    async with under_way(ls, title):
        session = await opening(on_output)
    opened.append(session)
    for category, text in early:
        on_output(category, text)
    ls.keep(session)
    notes = [
        f"Nothing can stop at {breakpoint_.path}:{breakpoint_.line}" + (f": {why}" if why else ".")
        for breakpoint_, why in session.unverified
    ]
    return to_params(SessionOpened(session=session.id, notes=notes))


# What was asked, checked --------------------------------------------------------------------------


def _to_launch(ls: TapelensServer, arguments: LaunchArguments) -> Launch:
    if (arguments.program is None) == (arguments.module is None):
        raise UsageError("tapelens.launch needs exactly one of 'program' and 'module'.")
    root = _root(ls)
    cwd = root / arguments.cwd if arguments.cwd is not None else root
    if not cwd.is_dir():
        raise UsageError(f"There is no folder {cwd} to run in.")
    program = cwd / arguments.program if arguments.program is not None else None
    if program is not None and program.is_dir() and not (program / "__main__.py").is_file():
        raise UsageError(f"{program} is a folder without a __main__.py: name the script to run.")
    if program is not None and not program.exists():
        raise UsageError(f"There is no file {program}.")
    python = cwd / Path(arguments.python).expanduser() if arguments.python is not None else None
    if python is not None and not python.is_file():
        raise UsageError(f"There is no Python interpreter {python}.")
    return Launch(
        program=program,
        module=arguments.module,
        args=arguments.args,
        cwd=cwd,
        env=arguments.env,
        python=python,
        breakpoints=[_to_breakpoint(each, cwd) for each in arguments.breakpoints],
        function_breakpoints=[
            FunctionBreakpoint(name=each.name, condition=each.condition, hit_condition=each.hitCondition)
            for each in arguments.function_breakpoints
        ],
    )


def _to_breakpoint(asked: BreakpointArguments, cwd: Path) -> Breakpoint:
    path = cwd / asked.path
    if not path.is_file():
        raise UsageError(f"There is no file {path} to stop in.")
    if asked.line < 1:
        raise UsageError(f"There is no line {asked.line} in {path}: lines count from 1.")
    return Breakpoint(path=path, line=asked.line, condition=asked.condition, hit_condition=asked.hitCondition)


def _root(ls: TapelensServer) -> Path:
    """The folder that relative paths are taken from."""
    root = ls.workspace.root_path
    return Path(root) if root is not None else Path.cwd()


def register(server: TapelensServer) -> None:
    """Offer the commands."""
    server.add_command("tapelens.launch", LaunchArguments, partial(launch, server))
    server.add_command("tapelens.attach", AttachArguments, partial(attach, server))
    server.add_command("tapelens.preview", PreviewArguments, partial(preview, server))
    for name, action in ACTION_OF.items():
        server.add_command(name, SessionArguments, partial(act, server, action))
