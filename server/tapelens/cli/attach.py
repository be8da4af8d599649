"""``tapelens attach``: a program that already listens for a debugger, or any Python process."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..errors import SessionEnded, SessionError, UsageError
from ..sessions.direct import DirectSession, OnChild, OnOutput
from ..sessions.interface import Breakpoint
from ..sessions.paths import PathMapping
from ..store.sessions import Store
from ..wire.commands import Configuration
from .follow import OpenSession, follow
from .options import add_report_options, add_stop_options, read_breakpoints, read_configuration, read_following

SUMMARY = "attach to a program that listens for a debugger, or to a process that runs without one"
EPILOG = """\
examples:
  in one terminal, a program that waits for a debugger:
      python -m debugpy --listen 127.0.0.1:5678 --wait-for-client train.py
  in another, stop it before line 14 each time:
      tapelens attach 127.0.0.1:5678 --break train.py:14

  a process that runs already, without a debugger (on Linux this needs gdb):
      tapelens attach --pid 4242 --break train.py:14

  a program in a container, whose /app is src here:
      tapelens attach 127.0.0.1:5678 --map src=/app --break src/train.py:14

Ctrl-C leaves the program, which goes on without tapelens. A program takes one debugger at a time.
"""

HIGHEST_PORT = 65535


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    parser.usage = "tapelens attach [options] HOST:PORT\n       tapelens attach [options] --pid PID"
    parser.add_argument(
        "address", metavar="HOST:PORT", nargs="?", help="where the program listens; HOST may be left out"
    )
    parser.add_argument("--pid", metavar="PID", help="a process that runs without a debugger")
    parser.add_argument(
        "--map",
        dest="path_mappings",
        metavar="FOLDER=REMOTE",
        action="append",
        default=[],
        help="a folder here, and the same folder as the program on another machine or in a container names it; "
        "'.' for the one it runs in; may be repeated",
    )
    add_stop_options(parser)
    add_report_options(parser)


def main(options: Namespace) -> int:
    """Attach and follow.

    Raises:
        UsageError: What was asked for cannot be done as it was asked.
        SessionError: Nothing listens there, the system forbids it, another debugger is attached, or it does not do
            its part.
    """
    if (options.address is None) == (options.pid is None):
        raise UsageError("attach takes either HOST:PORT or --pid PID; `tapelens attach --help` shows examples.")
    breakpoints = read_breakpoints(options)
    configuration = read_configuration(options)
    if options.pid is not None:
        pid = read_pid(options.pid)
        label, open_session = f"process {pid}", _by_pid(pid, configuration, breakpoints)
    else:
        host, port = read_address(options.address)
        paths = [read_mapping(each) for each in options.path_mappings]
        label, open_session = f"{host}:{port}", _by_port(host, port, configuration, breakpoints, paths)
    following = read_following(options, label=label, breakpoints=breakpoints, attached=True)
    return follow(following, open_session)


def _by_port(
    host: str, port: int, configuration: Configuration, breakpoints: list[Breakpoint], paths: list[PathMapping]
) -> OpenSession:
    async def open_session(store: Store, on_output: OnOutput, on_child: OnChild) -> DirectSession:
        try:
            return await DirectSession.attach(
                host,
                port,
                store,
                configuration=configuration,
                breakpoints=breakpoints,
                on_output=on_output,
                on_child=on_child,
                paths=paths,
            )
        except SessionEnded as ended:
            raise SessionError(f"What listens at {host}:{port} does not answer as a debugger does.") from ended

    return open_session


def _by_pid(pid: int, configuration: Configuration, breakpoints: list[Breakpoint]) -> OpenSession:
    async def open_session(store: Store, on_output: OnOutput, _on_child: OnChild) -> DirectSession:
        return await DirectSession.attach_pid(
            pid, store, configuration=configuration, breakpoints=breakpoints, on_output=on_output
        )

    return open_session


def read_mapping(text: str) -> PathMapping:
    """``FOLDER=REMOTE``.

    Raises:
        UsageError: It has another form, or the folder is not there.
    """
    local, _, remote = text.partition("=")
    if not local or not remote:
        raise UsageError(f"--map takes FOLDER=REMOTE, such as src=/app/src, not {text!r}.")
    folder = Path(local).absolute()
    if not folder.is_dir():
        raise UsageError(f"--map {text}: there is no folder {folder} here.")
    return PathMapping(local_root=str(folder), remote_root=remote)


def read_pid(text: str) -> int:
    """A process id.

    Raises:
        UsageError: It is none.
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UsageError(f"--pid takes a process id, such as 4242, not {text!r}.")
    return int(text)


def read_address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``:PORT`` or ``PORT``.

    Raises:
        UsageError: It is none of these.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= HIGHEST_PORT):
        raise UsageError(f"attach takes HOST:PORT, such as 127.0.0.1:5678, not {text!r}.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
