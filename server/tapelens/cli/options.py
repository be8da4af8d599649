"""Options that several verbs share, and what they come to."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from ..check.judge import Judge
from ..report.formats import Format
from ..sessions.interface import Breakpoint
from ..settings import Settings, SettingsReader, told_to_probe
from ..wire.commands import Configuration, Lines
from .breakpoints import read_breakpoint
from .following import Following
from .rule_names import ALL, check_rules


def add_stop_options(parser: ArgumentParser) -> None:
    """Where the program stops, and who lets it go on."""
    stops = parser.add_argument_group("where to stop")
    stops.add_argument(
        "--break",
        dest="breakpoints",
        metavar="FILE:LINE[:CONDITION]",
        action="append",
        default=[],
        help="stop before this line runs, each time or when a Python expression is true; may be repeated",
    )
    stops.add_argument(
        "--pause-on",
        metavar="RULE",
        action="append",
        default=[],
        help="stop when this rule speaks, before the line at fault has run; 'all' for any rule; may be repeated",
    )
    stops.add_argument(
        "--panel",
        action="store_true",
        help="serve the panel to a browser on this machine, and stay at each stop until the panel says go on",
    )


def add_report_options(parser: ArgumentParser) -> None:
    """What is said, in which form, and what it means for the exit status."""
    report = parser.add_argument_group("what is reported")
    report.add_argument(
        "--format", choices=get_args(Format), default="text", help="text as it comes, the others when all is over"
    )
    report.add_argument("--output", metavar="FILE", type=Path, help="write the report to this file")
    report.add_argument(
        "--select", metavar="RULE", action="append", default=[], help="only these rules speak; may be repeated"
    )
    report.add_argument(
        "--ignore", metavar="RULE", action="append", default=[], help="these rules stay silent; may be repeated"
    )
    report.add_argument(
        "--lines",
        choices=get_args(Lines),
        default="auto",
        help="note the source line that makes each node: as finely as costs next to nothing on the program's Python "
        "(each line from 3.12 on, the calls of modules before), each line at any cost, or not at all",
    )
    report.add_argument(
        "--steps",
        metavar="N",
        type=_steps,
        default=0,
        help="end the watch after this many optimizer steps, and judge by them; the program goes on",
    )
    report.add_argument("--all", action="store_true", dest="show_all", help="show findings of severity information too")
    report.add_argument("--exit-zero", action="store_true", help="findings set no exit status")
    report.add_argument(
        "--timeout", metavar="S", type=_seconds, dest="timeout_s", help="stop following after this many seconds"
    )


def read_breakpoints(options: Namespace) -> list[Breakpoint]:
    """The breakpoints asked for.

    Raises:
        UsageError: One is malformed or is no place to stop.
    """
    return [read_breakpoint(text) for text in options.breakpoints]


def read_configuration(options: Namespace) -> Configuration:
    """How the probe begins: as asked, else as the program's project says.

    Raises:
        UsageError: A rule's name is none, or the project's settings cannot be read.
    """
    settings = _settings(options)
    return Configuration(
        kind="configuration",
        armed=True,
        pause_on=check_rules(options.pause_on, option="--pause-on", or_all=True),
        select=check_rules(options.select, option="--select") or settings.select,
        ignore=(*check_rules(options.ignore, option="--ignore"), *settings.ignore),
        lines=options.lines,
        steps=options.steps,
        cards=True,
        thresholds=told_to_probe(settings),
    )


def read_following(
    options: Namespace, *, label: str, breakpoints: list[Breakpoint], attached: bool = False, plain: bool = False
) -> Following:
    """How the run is shown."""
    return Following(
        label=label,
        breakpoints=breakpoints,
        format=options.format,
        output=options.output,
        attached=attached,
        plain=plain,
        show_all=options.show_all or ALL in options.pause_on,
        stay=options.panel,
        timeout_s=options.timeout_s,
        exit_zero=options.exit_zero,
        judge=Judge(
            SettingsReader(),
            select=check_rules(options.select, option="--select"),
            ignore=check_rules(options.ignore, option="--ignore"),
        ).judge,
    )


def _settings(options: Namespace) -> Settings:
    """Those of the folder that the program lies in; of a module's, those of the current folder."""
    script: Sequence[str] = getattr(options, "script", None) or ()
    program = Path(script[0]) if script else Path()
    return SettingsReader().of((program.parent if program.is_file() else Path()).absolute())


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no positive number of seconds")
    return seconds


def _steps(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is no positive number of steps")
    return int(text)
