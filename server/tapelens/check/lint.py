"""Source twins over files: what they find, less what is silenced or known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..settings import SettingsReader
from ..source import Project, SourceFile
from ..wire.findings import Finding
from .judge import Judge
from .live import in_order, once
from .look import look, unread, with_fix
from .unused import unused_ignores

_TOPS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of looking.

    Attributes:
        findings: By file, line and column.
        files: How many were looked at.
        silenced: Findings that comments silenced.
        known: Findings that a baseline lists.
        unmet: Entries of baselines that were not met.
        failed: A rule of tapelens' own failed somewhere.
        problems: Sentences on settings and baselines that could not be read.
    """

    findings: Sequence[Finding]
    files: int
    silenced: int
    known: int
    unmet: int
    failed: bool
    problems: Sequence[str]


class Projects:
    """The projects that files belong to, each made once, so that what imports lead to is read once."""

    def __init__(self, reader: SettingsReader) -> None:
        self._reader = reader
        self._made: dict[Path, Project] = {}
        self._roots: dict[Path, Path] = {}

    def of(self, file: Path) -> Project:
        """The project of a file: the nearest folder above with settings, else one that looks like a project's top."""
        root = self._root(file.parent)
        if root not in self._made:
            self._made[root] = Project(root)
        return self._made[root]

    def _root(self, folder: Path) -> Path:
        if folder not in self._roots:
            settings = self._reader.of(folder)
            tops = (each for each in (folder, *folder.parents) if any((each / name).exists() for name in _TOPS))
            self._roots[folder] = settings.root or next(tops, folder)
        return self._roots[folder]


def lint(files: Iterable[Path], judge: Judge, reader: SettingsReader) -> Checked:
    """Look through files.

    Args:
        files: Absolute paths.
        judge: Its counters are read afterwards.
        reader: Finds the settings that hold for files.
    """
    projects = Projects(reader)
    looked: list[str] = []
    seen: list[Finding] = []
    for path in files:
        looked.append(str(path))
        seen.extend(look_at(path, judge, projects.of(path)))
    findings = conclude(once(seen), looked, judge)
    return Checked(
        findings=findings,
        files=len(looked),
        silenced=judge.silenced,
        known=judge.known,
        unmet=judge.unmet(),
        failed=any(finding.rule == "probe-fault" for finding in findings),
        problems=tuple(judge.problems),
    )


def look_at(path: Path, judge: Judge, project: Project) -> Iterator[Finding]:
    """What the rules that are wanted say of a file, before it is judged."""
    try:
        file = SourceFile.read(path, project)
    except OSError as error:
        yield unread(str(path), error)
        return
    yield from look(file, wants=lambda slug: judge.wants(slug, file.path))


def conclude(seen: Iterable[Finding], looked: Iterable[str], judge: Judge) -> list[Finding]:
    """Findings judged, with their fixes, and what is to be said of the comments in the files looked at; in order."""
    shown = [told for finding in seen if (told := judge.judge(finding)) is not None]
    shown = [with_fix(finding, judge.texts.text(finding.site.path)) for finding in shown]
    broken = {finding.site.path for finding in shown if finding.rule == "syntax-error"}
    for path in looked:
        if path in broken or not judge.wants("unused-ignore", path):
            continue
        shown.extend(told for each in unused_ignores(path, judge) if (told := judge.judge(each)) is not None)
    return in_order(shown)
