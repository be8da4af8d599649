"""Stops, backwards and findings as text: coloured on a terminal, plain in a pipe."""

from __future__ import annotations

import os
from typing import IO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from ..store.sessions import StopSettled
from ..wire.findings import Finding
from ..wire.gradients import Gradients
from ..wire.processes import Uncaught
from ..wire.sites import Site
from ..wire.snapshot import Snapshot
from .excerpt import excerpt
from .flowed import flow_sentences, nonfinite_sentence
from .memory import device_lines, is_worth_saying, keeper_sentences, memory_line
from .sentences import forecast, tensor_sentences
from .tables import arrived_table, flow_table, hooked_table, kept_table, tape_table, tensor_table
from .wording import counted, place, printable, size

PIPE_WIDTH = 120
SEVERITY_STYLES = {"error": "bold red", "warning": "bold yellow", "information": "bold blue"}
LINES_AROUND = 2
INDENT = 2


def console_for(file: IO[str]) -> Console:
    """Width and colours of a terminal; in a pipe no colours and a fixed width, unless ``COLUMNS`` says one."""
    width = None if file.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


class TextReport:
    """Prints what a run shows, as it comes.

    Attributes:
        explain: Say a sentence for newcomers on each tensor of a stop.
    """

    def __init__(self, console: Console, *, explain: bool = False) -> None:
        self._console = console
        self._told: set[str] = set()
        self._uncaught = ""
        self.explain = explain

    def title(self, text: str) -> None:
        """A chapter of a longer story."""
        self._print()
        self._print(Rule(Text(printable(text), style="bold"), style="dim", align="left", characters="="))

    def stop(self, stop: StopSettled, *, by: str = "") -> None:
        """Where the program stands and what is to be seen there; ``by`` names a process that it started."""
        snapshot = stop.snapshot
        where = f"{stop.path}:{stop.line}" if stop.path else ""
        head = Text.assemble(
            ("● ", "red"), (printable(stop.reason), "bold red" if stop.reason == "exception" else "bold")
        )
        head.append(printable(f" {_spoken(by)}{where} in {stop.function}" if where else f" {by}".rstrip()))
        self._print()
        self._print(head, on_one_line=True)
        raised = stop.reason == "exception"
        text = self._uncaught if raised and self._uncaught.startswith(stop.text) else stop.text
        if text and text not in self._told:  # a finding has told its own message
            self._indented(Text(printable(text), style="red" if raised else ""))
        if stop.path:
            self._source(stop.path, stop.line, before=LINES_AROUND, after=LINES_AROUND)
        if snapshot is None:
            self._indented(Text("Nothing to show here: torch is not imported yet, or the probe is not in."))
            return
        self._snapshot(snapshot)

    def _snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.tensors.names and any(snapshot.tensors.in_frame):
            self._print()
            self._indented(tensor_table(snapshot, width=self._console.width - INDENT))
        else:
            self._indented(Text("No tensor is within reach of this frame.", style="dim"))
        if self.explain:
            self._explain(snapshot)
        if count := len(snapshot.nodes.key):
            saved = sum(each for each in snapshot.nodes.saved_bytes if each > 0)
            kept = f", {size(saved)} saved for backward" if saved else ""
            self._print()
            self._indented(Text(f"tape: {counted(count, 'node')}{kept}, leaves first", style="dim"))
            self._indented(tape_table(snapshot))
        if ahead := forecast(snapshot):
            backward = snapshot.backward
            near = "bold red" if backward.will_raise is not None else "bold"
            self._print()
            self._indented(Text(printable(ahead), style=near if backward.chosen_by == "line" else "dim"))
        self._memory(snapshot)
        for left_out in snapshot.left_out:
            count = f"at least {left_out.count:,}" if left_out.at_least else f"{left_out.count:,}"
            self._indented(Text(printable(f"{count} {left_out.what} left out: {left_out.why}"), style="dim"))

    def _memory(self, snapshot: Snapshot) -> None:
        """The sums, where most of what is kept was made, and who keeps old graphs alive."""
        if not is_worth_saying(snapshot.memory):
            return
        self._print()
        self._indented(Text(f"memory: {printable(memory_line(snapshot.memory))}", style="dim"))
        for line in device_lines(snapshot.memory):
            self._indented(Text(printable(line), style="dim"))
        if (kept := kept_table(snapshot)) is not None:
            self._indented(kept)
        for keeper in keeper_sentences(snapshot):
            self._indented(Text.assemble((printable(keeper.text), "yellow"), " ", (printable(keeper.advice), "dim")))

    def _explain(self, snapshot: Snapshot) -> None:
        """The sentences that were not told before."""
        for sentence in tensor_sentences(snapshot):
            rest = f"{sentence.text} {sentence.advice}".rstrip()
            if rest not in self._told:
                self._told.add(rest)
                self._indented(Text.assemble((printable(sentence.title) + " ", "bold"), printable(rest)))

    def backward(self, ran: Gradients, snapshot: Snapshot | None, *, by: str = "") -> None:
        """What flowed in a backward; ``snapshot`` is the latest stop's whose graph it ran through."""
        where = f" {_spoken(by)}{ran.site.path}:{ran.site.line}" if ran.site else f" {by}".rstrip()
        raised = " raised" if ran.raised else ""
        self._print()
        head = Text.assemble(("◂ ", "green"), (f"backward{raised}", "bold"), printable(where))
        self._print(head, on_one_line=True)
        worst = nonfinite_sentence(ran, snapshot)
        for sentence in flow_sentences(ran, snapshot):
            self._indented(Text(printable(sentence), style="bold red" if sentence == worst else "dim"))
        if snapshot is None or not ran.edges.source:
            return
        if (arrived := arrived_table(ran, snapshot)) is not None:
            self._indented(arrived)
        if (flowed := flow_table(ran, snapshot)) is not None:
            self._print()
            self._indented(flowed)
        if (hooked := hooked_table(ran, snapshot)) is not None:
            self._print()
            self._indented(hooked)

    def finding(self, finding: Finding, *, by: str = "") -> None:
        """What a rule says, with its source line and the places that it speaks of."""
        head = Text.assemble((finding.severity, SEVERITY_STYLES[finding.severity]), (f" {finding.rule} ", "bold"))
        head.append(printable(f"{_spoken(by)}{finding.site.path}:{finding.site.line} in {finding.site.function}"))
        self._print()
        self._print(head, on_one_line=True)
        self._told.add(finding.message)
        self._indented(Text(printable(finding.message)))
        self._source(finding.site.path, finding.site.line)
        for related in finding.related:
            self._related(related.site, related.message)
        for fact in finding.facts:
            self._indented(Text(printable(f"{fact.name}: {fact.value}"), style="dim"))
        if finding.count > 1:
            self._indented(Text(f"seen {finding.count:,} times here", style="dim"))

    def uncaught(self, uncaught: Uncaught) -> None:
        """An exception that nobody catches: told at its stop; Python prints the traceback itself."""
        self._uncaught = f"{uncaught.type_name}: {uncaught.message}"

    def note(self, sentence: str, *, style: str = "") -> None:
        """One sentence of ours."""
        self._print(Text(f"tapelens: {printable(sentence)}", style=style), on_one_line=True)

    def _related(self, site: Site, message: str) -> None:
        self._indented(Text(printable(f"{place(site)}: {message}")))
        self._source(site.path, site.line)

    def _source(self, path: str, line: int, *, before: int = 0, after: int = 0) -> None:
        """Lines of source with the one that is meant marked."""
        found = excerpt(path, line, before=before, after=after)
        for number, text in enumerate(found.lines, found.first_line):
            here = number == line
            mark = Text(overflow="ellipsis", no_wrap=True).append_text(
                Text.assemble(
                    ("  > " if here else "    ", "bold red"),
                    (f"{number:>4} ", "dim"),
                    (printable(text.expandtabs(4)), "bold" if here else "dim"),
                )
            )
            self._print(mark)

    def _indented(self, content: RenderableType) -> None:
        self._print(Padding(content, (0, 0, 0, INDENT)))

    def _print(self, content: RenderableType = "", *, on_one_line: bool = False) -> None:
        """Print, a place ``on_one_line`` unwrapped; in a pipe without the blanks that fill up lines."""
        if self._console.is_terminal:
            self._console.print(content, soft_wrap=on_one_line)
            return
        with self._console.capture() as captured:
            self._console.print(content, soft_wrap=on_one_line)
        self._console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
        self._console.file.flush()


def _spoken(by: str) -> str:
    return f"{by} · " if by else ""
