"""``tapelens attach``: a program that already listens for a debugger."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ..errors import SessionEnded, SessionError, UsageError
from ..sessions.direct import DirectSession, OnChild, OnOutput
from ..store.sessions import Store
from .follow import follow
from .options import add_report_options, add_stop_options, read_breakpoints, read_configuration, read_following

SUMMARY = "attach to a program that listens for a debugger"
EPILOG = """\
examples:
  in one terminal, a program that waits for a debugger:
      python -m debugpy --listen 127.0.0.1:5678 --wait-for-client train.py
  in another, stop it before line 14 each time:
      tapelens attach 127.0.0.1:5678 --break train.py:14

Ctrl-C leaves the program, which goes on without tapelens. A program takes one debugger at a time.
"""

HIGHEST_PORT = 65535


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("address", metavar="HOST:PORT", help="where the program listens; HOST may be left out")
    add_stop_options(parser)
    add_report_options(parser)


def main(options: Namespace) -> int:
    """Attach and follow.

    Raises:
        UsageError: What was asked for cannot be done as it was asked.
        SessionError: Nothing listens there, another debugger is attached, or it does not do its part.
    """
    host, port = read_address(options.address)
    breakpoints = read_breakpoints(options)
    configuration = read_configuration(options)

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
            )
        except SessionEnded as ended:
            raise SessionError(f"What listens at {host}:{port} does not answer as a debugger does.") from ended

    following = read_following(options, label=f"{host}:{port}", breakpoints=breakpoints, attached=True)
    return follow(following, open_session)


def read_address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``:PORT`` or ``PORT``.

    Raises:
        UsageError: It is none of these.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= HIGHEST_PORT):
        raise UsageError(f"attach takes HOST:PORT, such as 127.0.0.1:5678, not {text!r}.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
