"""``tapelens run``: a program as it runs anyhow, or under the debugger and shown at each stop."""

from __future__ import annotations

from argparse import REMAINDER, ArgumentParser, Namespace
from pathlib import Path

from ..errors import UsageError
from ..sessions.direct import DirectSession, OnChild, OnOutput
from ..sessions.interface import FunctionBreakpoint, Launch
from ..store.sessions import Store
from .follow import follow
from .options import add_report_options, add_stop_options, read_breakpoints, read_configuration, read_following
from .programs import check_program, find_python
from .watching import watch

SUMMARY = "run a program and name misuse of autograd, or show its graph at each stop"
EPILOG = """\
examples:
  run a script as python does, and say what misuses autograd, at the line at fault:
      tapelens run train.py --epochs 1
  only the first hundred optimizer steps, as one JSON object; the program goes on unwatched:
      tapelens run --steps 100 --format json train.py > findings.json
  stop before line 14 each time, print the tensors and the graph behind them, go on:
      tapelens run --break train.py:14 train.py --epochs 1
  only in the third step, as one JSON object for another program:
      tapelens run --break train.py:14:step==3 --format json train.py > stops.json
  stop at the optimizer step that uses stale gradients, before it runs:
      tapelens run --pause-on missing-zero-grad train.py
  look around in a browser instead of the terminal:
      tapelens run --break train.py:14 --panel train.py

Without --break, --break-function, --pause-on and --panel the program runs as under python itself, without a debugger.
With one, it stops where an exception is raised that nobody catches, too. Options of tapelens come before SCRIPT, the
program's own after it. The program's output stays on standard output, the report goes to standard error
(--format json: the other way round).

exit status: 0 nothing found, 1 findings, 2 what was asked could not be done; the program's own status when it is
not 0, or its death by the same signal. Ctrl-C ends the program and gives 130.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    parser.usage = "tapelens run [options] SCRIPT [ARGS...]\n       tapelens run [options] -m MODULE [ARGS...]"
    add_stop_options(parser)
    add_report_options(parser)
    parser.add_argument(
        "--break-function",
        dest="functions",
        metavar="NAME",
        action="append",
        default=[],
        help="stop in functions of this name, before their first line; may be repeated",
    )
    program = parser.add_argument_group("the program")
    program.add_argument("--python", metavar="PATH", help="the interpreter that runs it; default: tapelens' own")
    program.add_argument("-m", dest="module", metavar="MODULE", nargs=REMAINDER, help="run a module, as python -m does")
    program.add_argument("script", metavar="SCRIPT", nargs=REMAINDER, help="the script, then its own arguments")


def main(options: Namespace) -> int:
    """Run it.

    Raises:
        UsageError: What was asked for cannot be done as it was asked.
        SessionError: The debugger does not do its part.
    """
    words = _read_words(options)
    if not (options.breakpoints or options.functions or options.pause_on or options.panel):
        return _run_plain(options, words)
    launch_label, launch = _read_launch(options, words)
    configuration = read_configuration(options)
    following = read_following(options, label=launch_label, breakpoints=list(launch.breakpoints))

    async def open_session(store: Store, on_output: OnOutput, on_child: OnChild) -> DirectSession:
        return await DirectSession.launch(
            launch, store, configuration=configuration, on_output=on_output, on_child=on_child
        )

    return follow(following, open_session)


def _run_plain(options: Namespace, words: list[str]) -> int:
    """Without a debugger."""
    python = find_python(options.python)
    if options.module is None:
        check_program(Path(words[0]).absolute(), python=python)
        label = Path(words[0]).name
    else:
        label = f"-m {words[0]}"
        words = ["-m", *words]
    following = read_following(options, label=label, breakpoints=[], plain=True)
    return watch(following, words, python=python, configuration=read_configuration(options))


def _read_words(options: Namespace) -> list[str]:
    """The script or the module's name, then the program's arguments."""
    words: list[str] = [*(options.module if options.module is not None else options.script)]
    if words[:1] == ["--"]:
        del words[0]
    if not words:
        raise UsageError("Name a script to run, or a module with -m; `tapelens run --help` shows examples.")
    return words


def _read_launch(options: Namespace, words: list[str]) -> tuple[str, Launch]:
    functions = [_read_function(each) for each in options.functions]
    python = find_python(options.python)
    if options.module is None:
        program = Path(words[0]).absolute()
        check_program(program, python=python)
        label = program.name
        launch = Launch(
            program=program,
            args=words[1:],
            python=python,
            breakpoints=read_breakpoints(options),
            function_breakpoints=functions,
        )
    else:
        label = f"-m {words[0]}"
        launch = Launch(
            module=words[0],
            args=words[1:],
            python=python,
            breakpoints=read_breakpoints(options),
            function_breakpoints=functions,
        )
    return label, launch


def _read_function(name: str) -> FunctionBreakpoint:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"--break-function takes a function's name, such as training_step, not {name!r}.")
    return FunctionBreakpoint(name=name.rpartition(".")[2])  # debugpy knows functions by their last name
