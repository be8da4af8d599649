"""``tapelens demo``: small programs that teach autograd, stopped where there is something to see."""

from __future__ import annotations

import asyncio
import re
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from ..errors import UsageError
from ..report.text import TextReport, console_for
from ..rules.catalogue import RULES
from ..sessions.direct import DirectSession, OnChild, OnOutput
from ..sessions.interface import Breakpoint, Launch
from ..store.sessions import Store
from ..wire.commands import Configuration
from .follow import Follower, Room, signals
from .following import Following
from .outcome import KILLED_BY

SUMMARY = "a guided look at small programs that teach autograd"
EPILOG = """\
examples:
  all of them, in the terminal:
      tapelens demo
  one of them:
      tapelens demo leaves
  one of them drawn in a browser, where you walk through its stops:
      tapelens demo leaves --serve
"""

STOP_MARK = re.compile(r"#\s*stop:\s*(.+?)\s*$")


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="only the program whose file name holds this word")
    parser.add_argument("--serve", action="store_true", help="serve the panel with all stops until Ctrl-C")


def main(options: Namespace) -> int:
    """Run them one after the other.

    Raises:
        UsageError: There is no such program, the examples are not here, or the panel cannot be served.
    """
    return asyncio.run(_tell(find_programs(options.name), serve=options.serve))


async def _tell(programs: list[Path], *, serve: bool) -> int:
    narrator = TextReport(console_for(sys.stderr))
    room = Room()
    if not serve:
        return await _run_all(programs, room, narrator)
    async with room.panel() as url:
        narrator.note(f"the panel is at {url}: open it to see each stop drawn.")
        status = await _run_all(programs, room, narrator)
        if status == 0:
            with signals() as signalled:
                narrator.note(f"that was all; the panel at {url} shows every stop until Ctrl-C.")
                await signalled
        return status


async def _run_all(programs: list[Path], room: Room, narrator: TextReport) -> int:
    for program in programs:
        narrator.title(_first_line(program))
        following = Following(label=program.name, breakpoints=marked_stops(program), explain=True, exit_zero=True)
        status = await Follower(following, room).run(partial(_launch, program))
        if status >= KILLED_BY:
            return status
    return 0


def find_programs(name: str | None) -> list[Path]:
    """The examples in their order, all or those whose name holds a word."""
    here = Path(__file__).resolve()
    installed = here.parent / "seed"  # where the wheel puts them
    folder = installed if installed.is_dir() else here.parents[3] / "examples" / "seed"
    programs = sorted(folder.glob("[0-9]*.py"))
    if not programs:
        raise UsageError("The demo's programs are not installed: they are in the folder examples of tapelens' sources.")
    found = [each for each in programs if name is None or name in each.stem]
    if not found:
        names = ", ".join(each.stem for each in programs)
        raise UsageError(f"There is no demo {name!r}: the programs are {names}.")
    return found


def marked_stops(program: Path) -> list[Breakpoint]:
    """A breakpoint on each line that ends with ``# stop: ...``."""
    lines = program.read_text(encoding="utf-8").splitlines()
    return [Breakpoint(path=program, line=number) for number, text in enumerate(lines, 1) if STOP_MARK.search(text)]


async def _launch(program: Path, store: Store, on_output: OnOutput, on_child: OnChild) -> DirectSession:
    configuration = Configuration(
        kind="configuration",
        armed=True,
        pause_on=tuple(rule.slug for rule in RULES),
        select=(),
        ignore=(),
        lines="auto",
        steps=0,
        cards=True,
        thresholds=(),
    )
    launch = Launch(program=program, breakpoints=marked_stops(program))
    return await DirectSession.launch(
        launch, store, configuration=configuration, on_output=on_output, on_child=on_child
    )


def _first_line(program: Path) -> str:
    text = program.read_text(encoding="utf-8")
    return f"{program.stem}: {text.partition(chr(10))[0].strip(chr(34))}"
