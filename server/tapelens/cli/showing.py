"""What a run shows, printed as it comes or collected for one object at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rich.status import Status

from ..check.live import in_order
from ..report.carry import snapshot_behind
from ..report.formats import write_findings, write_object
from ..report.json import Run, run_object
from ..report.text import TextReport, console_for
from ..store.sessions import (
    Change,
    FindingArrived,
    GradientsArrived,
    SessionChanged,
    SessionInfo,
    Stop,
    StopArrived,
    StopSettled,
    Store,
    UncaughtArrived,
)
from ..wire.findings import Finding
from ..wire.gradients import Gradients
from ..wire.snapshot import Snapshot
from .following import Following
from .outcome import ending, exit_status, is_worth_saying, told_by_debugger, torch_sentence, unreached
from .writing import ClosedPipe

EXIT = "SystemExit"
"""The debugger takes ``sys.exit(3)`` for an exception that nobody catches; nothing is wrong there."""

SNAPSHOTS_KEPT = 20
"""Snapshots in which a backward's nodes are looked up."""


class Showing:
    """One run's report. In text, stops and findings go to standard error; in JSON, so does the program's output.

    Args:
        report_file: Where the report goes instead.
        on_pipe_closed: Called when nobody reads what is printed any more.
    """

    def __init__(
        self, following: Following, report_file: IO[str] | None, *, on_pipe_closed: Callable[[], None]
    ) -> None:
        self.run = Run()
        self._following = following
        self._file = report_file
        self._on_pipe_closed = on_pipe_closed
        self._is_text = following.format == "text"
        self._text = TextReport(console_for(report_file or sys.stderr), explain=following.explain)
        console = console_for(sys.stderr)
        self._said = TextReport(console)
        self._snapshots: list[tuple[str, Snapshot]] = []
        self._findings: dict[tuple[str, str, str, int, bool], Finding] = {}
        self._children: dict[str, str] = {}
        doing = "attaching to" if following.attached else "starting"
        shows_start = console.is_terminal and not following.plain  # a plain program writes there itself
        self._starting = Status(f"{doing} {following.label} ...", console=console) if shows_start else None

    def start(self) -> None:
        """Say on a terminal that the program is being started, until it does something."""
        if self._starting is not None:
            self._starting.start()

    def started(self) -> None:
        """Something is to be printed: no line of ours may stand in its way."""
        if self._starting is not None:
            self._starting.stop()
            self._starting = None

    def output(self, category: str, text: str) -> None:
        """The program printed."""
        self.started()
        stream = sys.stdout if category == "stdout" and self._is_text else sys.stderr
        with self._while_somebody_reads(stream):
            stream.write(text)
            stream.flush()

    def take(self, change: Change) -> None:
        """The store changed."""
        match change:
            case StopSettled() | StopArrived() | GradientsArrived() | FindingArrived() | UncaughtArrived():
                self.started()
                self._keep(change)
                if self._is_text:
                    with self._while_somebody_reads(sys.stderr):
                        self._print(change)
            case SessionChanged(info=info):
                self._know(info)

    def _know(self, info: SessionInfo) -> None:
        self.run.sessions[info.session] = info
        if info.parent is not None:
            self._children[info.session] = info.label
            if info.problem:
                self.note(f"{info.label}: {info.problem}")
        elif info.problem and info.state != "ended":  # else told at the end
            self.note(info.problem)

    def pass_over(self, stop: StopSettled) -> None:
        """A stop that is none to the user."""
        self.started()
        told = self._stop_of(stop.session, stop.snapshot)
        if told is not None:
            del self.run.stops[told]

    def note(self, sentence: str) -> None:
        """Something went otherwise than asked; a second time is not told."""
        if sentence not in self.run.notes:
            self.run.notes.append(sentence)
            self.say(sentence)

    def say(self, sentence: str) -> None:
        """One sentence on standard error, beside the report."""
        self.started()
        with self._while_somebody_reads(sys.stderr):
            self._said.note(sentence)

    def conclude(self, info: SessionInfo | None, store: Store) -> int:
        """The program has ended: say what went otherwise than asked, write the object, give the exit status."""
        if info is not None:
            self.run.exit_code = info.exit_code if self._following.plain else told_by_debugger(info.exit_code)
            for session in self.run.sessions:
                for fault in store.faults(session):
                    self.say(f"a fault of tapelens' own ({fault.where}: {fault.message}); the program is unharmed")
            for sentence in self._shortcomings(info):
                self.note(sentence)
        exit_zero = self._following.exit_zero
        if self._is_text and (last := ending(self.run, info, exit_zero=exit_zero)) is not None:
            self.say(last)
        self.write_object()
        return exit_status(self.run, exit_zero=exit_zero)

    def write_object(self) -> None:
        """The report as a whole, in every format but text."""
        form = self._following.format
        if form == "text":
            return
        file = self._file or sys.stdout
        with self._while_somebody_reads(file):
            if form == "json":
                write_object(run_object(self.run), file)
            else:
                shown = [each for each in self.run.findings if self._following.show_all or is_worth_saying(each)]
                write_findings(form, in_order(shown), file, root=Path.cwd(), notes=self.run.notes)

    def _shortcomings(self, info: SessionInfo) -> list[str]:
        if info.problem:
            return [info.problem]
        if info.exit_code is None and not self._following.attached:
            return ["The program ended without telling its exit status: it was killed."]
        if info.exit_code and info.torch == "not_imported":
            return []  # the ending tells both
        if sentences := unreached(self._following.breakpoints, self.run):
            return sentences
        return [sentence] if (sentence := torch_sentence(info)) is not None else []

    def _keep(self, change: StopSettled | StopArrived | GradientsArrived | FindingArrived | UncaughtArrived) -> None:
        match change:
            case StopSettled():
                told = self._stop_of(change.session, change.snapshot)
                if told is not None:
                    self.run.stops[told] = change
                else:
                    self.run.stops.append(change)
            case StopArrived(stop=stop):
                self._snapshots.append((stop.session, stop.snapshot))
                del self._snapshots[:-SNAPSHOTS_KEPT]
                if self._stop_of(stop.session, stop.snapshot) is None:
                    self.run.stops.append(_unsettled(stop))
            case GradientsArrived(session=session, gradients=gradients):
                self.run.gradients.setdefault(session, []).append(gradients)
            case FindingArrived(session=session, finding=finding):
                self._findings[_key(session, finding)] = finding
                self.run.findings = list(self._findings.values())
            case UncaughtArrived(uncaught=uncaught):
                if uncaught.type_name != EXIT:
                    self.run.uncaught.append(uncaught)

    def _print(self, change: StopSettled | StopArrived | GradientsArrived | FindingArrived | UncaughtArrived) -> None:
        match change:
            case StopSettled():
                self._text.stop(change, by=self._children.get(change.session, ""))
            case StopArrived():
                pass  # it comes again with its reason, settled
            case GradientsArrived(session=session, gradients=gradients):
                behind = self._snapshot_behind(session, gradients)
                self._text.backward(gradients, behind, by=self._children.get(session, ""))
            case FindingArrived(session=session, finding=finding):
                if finding.count == 1 and (is_worth_saying(finding) or self._following.show_all):
                    self._text.finding(finding, by=self._children.get(session, ""))
            case UncaughtArrived(uncaught=uncaught):
                self._text.uncaught(uncaught)

    def _stop_of(self, session: str, snapshot: Snapshot | None) -> int | None:
        """Which of the stops kept a session's latest is, if the snapshot was taken at it."""
        for index in range(len(self.run.stops) - 1, -1, -1):
            stop = self.run.stops[index]
            if stop.session == session:
                same = snapshot is not None and stop.snapshot is not None and stop.snapshot.stop == snapshot.stop
                return index if same else None
        return None

    def _snapshot_behind(self, session: str, gradients: Gradients) -> Snapshot | None:
        return snapshot_behind(gradients, [snapshot for owner, snapshot in self._snapshots if owner == session])

    def _while_somebody_reads(self, stream: IO[str]) -> ClosedPipe:
        return ClosedPipe(stream, self._on_pipe_closed)


def _unsettled(stop: Stop) -> StopSettled:
    """A stop as its snapshot knows it: who looks at a page may go on before the debugger has told the rest."""
    site = stop.snapshot.site
    return StopSettled(
        session=stop.session,
        reason=stop.reason or "stop",
        text="",
        thread=stop.snapshot.thread,
        path=site.path,
        line=site.line,
        function=site.function,
        snapshot=stop.snapshot,
    )


def _key(session: str, finding: Finding) -> tuple[str, str, str, int, bool]:
    return session, finding.rule, finding.site.path, finding.site.line, finding.foreseen
