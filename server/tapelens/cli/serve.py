"""``tapelens serve``: the language server."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module

SUMMARY = "the language server, for editors"
EPILOG = """\
examples:
  an editor starts it by itself and talks to it on standard input and output:
      tapelens serve
  wait for one client on a port of this machine:
      tapelens serve --tcp 5007
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--stdio", action="store_true", help="talk on standard input and output (the default)")
    ways.add_argument("--tcp", type=int, metavar="PORT", help="wait for one client on 127.0.0.1:PORT; 0 for any port")


def main(options: Namespace) -> int:
    """Serve one client.

    Raises:
        UsageError: The port cannot be listened on.
    """
    # By name, and only now: pygls and what it imports are most of a start, and no other verb needs them.
    server = import_module("tapelens.lsp.server")
    status: int = server.serve(tcp_port=options.tcp)
    return status
