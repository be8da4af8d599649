"""What becomes of a finding: shown as its project wants it, silenced by a comment, or known already."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ..errors import UsageError
from ..settings import Settings, SettingsReader
from ..wire.findings import Finding
from .baseline import Baseline, read_baseline
from .suppressions import Suppression
from .texts import Texts

ALWAYS = ("syntax-error", "probe-fault")
"""Said of a file as a whole, whichever rules are selected: without them silence would look like praise."""

_Place = tuple[str, str, int]


class Judge:
    """Judges findings one by one, live ones and those in source.

    Args:
        reader: Finds the settings that hold for a file.
        select: The only rules that speak, in place of those that a project selects.
        ignore: Rules that stay silent beside those that a project ignores.
        baseline: In place of the one that a project names.
        has_baseline: Whether a project's own counts at all.
        texts: The files.

    Attributes:
        silenced: How many findings comments silenced.
        known: How many were in a baseline.
        used: Which comment silenced which rule.
        problems: Sentences on projects whose settings or baseline cannot be read; their defaults hold.
    """

    def __init__(
        self,
        reader: SettingsReader,
        *,
        select: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
        baseline: Baseline | None = None,
        has_baseline: bool = True,
        texts: Texts | None = None,
    ) -> None:
        self.texts = texts or Texts()
        self.silenced = 0
        self.known = 0
        self.used: set[tuple[str, Suppression, str]] = set()
        self.problems: list[str] = []
        self._reader = reader
        self._select = select
        self._ignore = ignore
        self._baseline = baseline
        self._has_baseline = has_baseline
        self._of_projects: dict[Path, Baseline | None] = {}
        self._is_known: dict[_Place, bool] = {}

    def settings(self, path: str) -> Settings:
        """Those that hold for a file."""
        try:
            return self._reader.of(Path(path).parent.absolute())
        except UsageError as unfit:
            self._say(str(unfit))
            return Settings()

    def wants(self, slug: str, path: str) -> bool:
        """Whether a rule may speak of a file."""
        settings = self.settings(path)
        if slug in self._ignore or slug in settings.ignore:
            return False
        select = self._select or settings.select
        return not select or slug in select or slug in ALWAYS

    def judge(self, finding: Finding) -> Finding | None:
        """The finding as it is to be shown; None for one that is not."""
        path = finding.site.path
        if not self.wants(finding.rule, path):
            return None
        if self._is_silenced(finding):
            self.silenced += 1
            return None
        if finding.rule not in ALWAYS and self._is_in_baseline(finding):
            self.known += 1
            return None
        severity = self.settings(path).severity.get(finding.rule)
        return finding if severity is None else dataclasses.replace(finding, severity=severity)

    def unmet(self) -> int:
        """How many of the known findings were not met."""
        baselines = [self._baseline, *self._of_projects.values()]
        return sum(each.unmet() for each in baselines if each is not None)

    def _is_silenced(self, finding: Finding) -> bool:
        path = finding.site.path
        last = finding.span.end_line if finding.span is not None else finding.site.line
        for comment in self.texts.suppressions(path):
            if finding.rule in comment.rules and (comment.covers(finding.site.line) or comment.covers(last)):
                self.used.add((path, comment, finding.rule))
                return True
        return False

    def _is_in_baseline(self, finding: Finding) -> bool:
        baseline = self._baseline or self._of_project(self.settings(finding.site.path))
        if baseline is None:
            return False
        place = (finding.rule, finding.site.path, finding.site.line)
        if place not in self._is_known:  # a live finding comes again and again
            self._is_known[place] = baseline.knows(finding, self.texts.line)
        return self._is_known[place]

    def _of_project(self, settings: Settings) -> Baseline | None:
        file = settings.baseline
        if file is None or not self._has_baseline:
            return None
        if file not in self._of_projects:
            try:
                self._of_projects[file] = read_baseline(file)
            except UsageError as unfit:
                self._say(str(unfit))
                self._of_projects[file] = None
        return self._of_projects[file]

    def _say(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)
