"""The command line: one module a verb."""

from __future__ import annotations

import signal
import sys
import traceback
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from .. import __version__
from ..errors import TapelensError
from ..wire import VERSION
from . import attach, demo, lint, rules, run, serve
from .outcome import FAILED, KILLED_BY

VERBS = {"run": run, "lint": lint, "attach": attach, "demo": demo, "rules": rules, "serve": serve}

DESCRIPTION = """\
See the autograd graph ("the tape") of a running PyTorch program, and what misuses it."""

EPILOG = """\
first steps:
  tapelens demo                                  a guided look at small programs
  tapelens run --break train.py:14 train.py      your own program, shown before line 14
  tapelens lint src/                             what its source alone shows
  tapelens VERB --help                           options and examples of one verb
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    if options.verb is None:
        parser.print_help()
        return 0
    try:
        return VERBS[options.verb].main(options)
    except TapelensError as error:
        sys.stderr.write(f"tapelens: {error}\n")
        return FAILED
    except KeyboardInterrupt:  # before a verb listens for it
        return KILLED_BY + signal.SIGINT
    except Exception:  # noqa: BLE001 (an uncaught one would exit with 1, which means findings)
        traceback.print_exc()
        sys.stderr.write(
            f"tapelens: an error of tapelens' own ({__version__}); please report it with the lines above.\n"
        )
        return FAILED


def make_parser() -> ArgumentParser:
    """The parser of all verbs."""
    parser = ArgumentParser(
        prog="tapelens",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tapelens {__version__} (wire {VERSION})")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, verb in VERBS.items():
        described = verbs.add_parser(
            name,
            help=verb.SUMMARY,
            description=verb.SUMMARY[0].upper() + verb.SUMMARY[1:] + ".",
            epilog=verb.EPILOG,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        verb.add_arguments(described)
    return parser
