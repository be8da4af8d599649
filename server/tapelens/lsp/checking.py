"""Source findings of the documents that are open: looked for a moment after one has stopped typing.

A text that cannot be parsed keeps what the last one that could had shown, moved with its lines.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..check.files import ProjectFiles
from ..check.judge import Judge
from ..check.lint import Projects
from ..check.look import look
from ..settings import SettingsReader
from ..source import Project
from ..wire.findings import Finding
from ..wire.sites import Site, Span

log = logging.getLogger(__name__)

PAUSE_S = 0.3
"""How long nobody must have typed before it is looked."""


@dataclass(frozen=True)
class Analysis:
    """What was found in one text.

    Attributes:
        lines: The text's lines.
        findings: As the rules gave them: not yet judged, in this file or in one that it leads to.
        is_whole: The text could be parsed, and was looked through.
    """

    lines: Sequence[str]
    findings: Sequence[Finding]
    is_whole: bool = True


class Checking:
    """Looks at documents in a thread, one at a time.

    Args:
        on_found: Called with the paths whose findings may be others now.
        on_problem: Called with a sentence on settings that cannot be read.
    """

    def __init__(self, on_found: Callable[[set[str]], None], on_problem: Callable[[str], None]) -> None:
        self._on_found = on_found
        self._on_problem = on_problem
        self._analyses: dict[str, Analysis] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._texts: dict[str, str] = {}
        self._projects: dict[Path, Project] = {}
        self._looking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._problems: set[str] = set()

    def changed(self, path: str, text: str, *, at_once: bool = False) -> None:
        """A document was opened, or its text is another; outside of a loop nothing can wait: it is not looked at."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._cancel(path)
        self._texts[path] = text
        self._waiting[path] = loop.call_later(0.0 if at_once else PAUSE_S, self._begin, path)

    def closed(self, path: str) -> None:
        """A document was closed: what was found there is said no more."""
        self._cancel(path)
        self._texts.pop(path, None)
        for project in self._projects.values():
            project.close(path)
        gone = self._analyses.pop(path, None)
        if gone is not None:
            self._on_found({path, *(finding.site.path for finding in gone.findings)})

    def findings(self) -> list[Finding]:
        """All that is found now."""
        return [finding for analysis in self._analyses.values() for finding in analysis.findings]

    def has_looked(self, path: str) -> bool:
        """Whether a document's text has been looked through as it is."""
        analysis = self._analyses.get(path)
        return analysis is not None and analysis.is_whole

    def end(self) -> None:
        """Look no more."""
        for path in list(self._waiting):
            self._cancel(path)

    async def check(self, path: str, text: str) -> None:
        """Look at one text now."""
        async with self._looking:
            before = self._analyses.get(path)
            after, problems = await asyncio.to_thread(self._look, path, text, before)
        if self._texts.get(path, text) != text:
            return  # it is another by now, and will be looked at
        self._analyses[path] = after
        touched = {finding.site.path for analysis in (before, after) if analysis for finding in analysis.findings}
        self._on_found({path, *touched})
        for problem in problems:
            if problem not in self._problems:
                self._problems.add(problem)
                self._on_problem(problem)

    def _begin(self, path: str) -> None:
        self._waiting.pop(path, None)
        task = asyncio.get_running_loop().create_task(self.check(path, self._texts[path]))
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._on_checked)

    def _on_checked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a document could not be looked at", exc_info=error)

    def _cancel(self, path: str) -> None:
        waiting = self._waiting.pop(path, None)
        if waiting is not None:
            waiting.cancel()

    def _look(self, path: str, text: str, before: Analysis | None) -> tuple[Analysis, Sequence[str]]:
        reader = SettingsReader()  # a project's settings are read anew each time
        judge = Judge(reader)
        settings = judge.settings(path)
        if judge.problems or not ProjectFiles(reader).has(Path(path)):
            return Analysis((), (), is_whole=False), judge.problems
        root = settings.root or Projects(reader).of(Path(path)).root
        project = self._projects.setdefault(root, Project(root))
        file = project.open(path, text)
        if file.error is not None:
            return (
                moved(before, path, file.lines) if before is not None else Analysis(file.lines, (), is_whole=False)
            ), ()
        findings = tuple(look(file, wants=lambda slug: judge.wants(slug, path)))
        return Analysis(file.lines, findings), judge.problems


def moved(analysis: Analysis, path: str, lines: Sequence[str]) -> Analysis:
    """An analysis of a file's earlier text, for the lines of this one: what was in changed lines is left out."""
    old = analysis.lines
    shortest = min(len(old), len(lines))
    above = next((row for row in range(shortest) if old[row] != lines[row]), shortest)
    below = next((row for row in range(shortest - above) if old[-1 - row] != lines[-1 - row]), shortest - above)
    shift = len(lines) - len(old)

    def place(finding: Finding) -> Finding | None:
        if finding.site.path != path:
            return finding
        first = finding.site.line
        last = finding.span.end_line if finding.span is not None else first
        if last <= above:
            return finding
        return _shifted(finding, shift) if first > len(old) - below else None

    placed = tuple(found for each in analysis.findings if (found := place(each)) is not None)
    return Analysis(lines, placed, is_whole=False)


def _shifted(finding: Finding, by: int) -> Finding:
    site = finding.site
    span = finding.span
    return dataclasses.replace(
        finding,
        site=Site(path=site.path, line=site.line + by, function=site.function, in_library=site.in_library),
        span=None
        if span is None
        else Span(line=span.line + by, column=span.column, end_line=span.end_line + by, end_column=span.end_column),
    )
