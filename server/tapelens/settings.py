"""What a project says of its rules: ``[tool.tapelens]`` in the nearest ``pyproject.toml`` that has it.

::

    [tool.tapelens]
    select = ["missing-zero-grad"]         # only these rules speak
    ignore = ["eval-builds-graph"]         # these stay silent
    exclude = ["third_party/", "*_pb2.py"] # not looked at by lint; patterns as in .gitignore
    baseline = "tapelens-baseline.json"    # what it lists is known and not said again

    [tool.tapelens.severity]
    unused-parameter = "warning"

    [tool.tapelens.thresholds.needless-retain-graph]
    calls = 10
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, cast, get_args

from .errors import UsageError
from .rules.catalogue import RULES
from .wire.commands import RuleThreshold
from .wire.findings import Severity

FILE = "pyproject.toml"
SECTION = "[tool.tapelens]"

Thresholds = Mapping[str, Mapping[str, float]]
"""By rule and name."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A project's settings; what it leaves out keeps its default.

    Attributes:
        root: The folder that patterns and paths are relative to; None without a file.
        select: Slugs of the only rules that speak; empty for all.
        ignore: Slugs of rules that stay silent.
        severity: By slug, in place of the rule's own.
        thresholds: In place of the rules' own.
        exclude: Patterns of files and folders that ``lint`` passes over.
        baseline: A file of known findings, None without one.
    """

    root: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    thresholds: Thresholds = field(default_factory=dict[str, Mapping[str, float]])
    exclude: tuple[str, ...] = ()
    baseline: Path | None = None

    def speaks(self, slug: str) -> bool:
        """Whether a rule is wanted."""
        return slug not in self.ignore and (not self.select or slug in self.select)


def told_to_probe(settings: Settings) -> tuple[RuleThreshold, ...]:
    """The thresholds as they travel into a program."""
    return tuple(
        RuleThreshold(rule=rule, name=name, value=float(value))
        for rule, of_rule in settings.thresholds.items()
        for name, value in of_rule.items()
    )


class SettingsReader:
    """Finds the settings that hold for files, and reads each ``pyproject.toml`` once."""

    def __init__(self) -> None:
        self._of_folder: dict[Path, Settings] = {}

    def of(self, folder: Path) -> Settings:
        """The settings for the files of an absolute folder: the nearest above that there are.

        Raises:
            UsageError: They cannot be read, or say what has no meaning.
        """
        asked = folder
        passed: list[Path] = []
        while folder not in self._of_folder:
            passed.append(folder)
            found = read_settings(folder / FILE)
            if found is not None or folder.parent == folder:
                self._of_folder[folder] = found or Settings()
                break
            folder = folder.parent
        self._of_folder.update(dict.fromkeys(passed, self._of_folder[folder]))
        return self._of_folder[asked]


def read_settings(path: Path) -> Settings | None:
    """The settings of one ``pyproject.toml``, None where it is not there or does not speak of tapelens.

    Raises:
        UsageError: It cannot be read, or says what has no meaning: one sentence with file and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None  # what may not be read was not meant for us
    except (OSError, UnicodeDecodeError) as unread:
        raise UsageError(f"{path} cannot be read: {unread}.") from unread
    if "tapelens" not in text:  # most files, and no need for a parser
        return None
    section = _section(text, path)
    if section is None:
        return None
    return _Reading(path).settings(section)


def check_rule(name: str, *, where: str, others: Iterable[str] = ()) -> str:
    """The slug, if it is one, or one of the ``others`` that may stand there.

    Raises:
        UsageError: It is none; the closest one is suggested.
    """
    known = [*(rule.slug for rule in RULES), *others]
    if name not in known:
        raise UsageError(
            f"{where}: there is no rule {name!r}: {_hint(name, known, or_else='`tapelens rules` lists them')}"
        )
    return name


def _section(text: str, path: Path) -> Mapping[str, Any] | None:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        document: dict[str, Any] = toml.loads(text)
    except toml.TOMLDecodeError as broken:
        raise UsageError(f"{path} is no TOML: {broken}.") from broken
    section: object = document.get("tool")
    section = cast("dict[str, Any]", section).get("tapelens") if isinstance(section, dict) else None
    if section is None:
        return None
    if not isinstance(section, dict):
        raise UsageError(f"{path}: tool.tapelens is {_kind(section)}; it must be a table.")
    return cast("dict[str, Any]", section)


class _Reading:
    """Reads one section; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._readers = {
            "select": self._rules,
            "ignore": self._rules,
            "severity": self._severity,
            "thresholds": self._thresholds,
            "exclude": self._strings,
            "baseline": self._file,
        }

    def settings(self, section: Mapping[str, Any]) -> Settings:
        read: dict[str, Any] = {}
        for key, value in section.items():
            if key not in self._readers:
                raise UsageError(f"{self._at(key)}: there is no such setting: {_hint(key, self._readers)}")
            read[key] = self._readers[key](value, self._at(key))
        return Settings(root=self._path.parent, **read)

    def _at(self, key: str) -> str:
        return f"{self._path}: {SECTION} {key}"

    def _rules(self, value: object, where: str) -> tuple[str, ...]:
        return tuple(check_rule(each, where=where) for each in self._strings(value, where))

    def _strings(self, value: object, where: str) -> tuple[str, ...]:
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        strings = tuple(each for each in items if isinstance(each, str))
        if not isinstance(value, list) or len(strings) < len(items):
            wrong = value if not isinstance(value, list) else next(each for each in items if not isinstance(each, str))
            raise UsageError(f"{where}: a list of strings is expected, not {_kind(wrong)}.")
        return strings

    def _file(self, value: object, where: str) -> Path:
        if not isinstance(value, str):
            raise UsageError(f"{where}: the path of a file is expected, not {_kind(value)}.")
        return self._path.parent / value

    def _severity(self, value: object, where: str) -> Mapping[str, Severity]:
        known = get_args(Severity)
        read: dict[str, Severity] = {}
        for slug, word in self._table(value, where).items():
            check_rule(slug, where=where)
            if word not in known:
                hint = _hint(word, known) if isinstance(word, str) else f"it is one of {', '.join(known)}."
                raise UsageError(f"{where}.{slug}: there is no severity {word!r}: {hint}")
            read[slug] = word
        return read

    def _thresholds(self, value: object, where: str) -> Thresholds:
        read: dict[str, Mapping[str, float]] = {}
        for slug, names in self._table(value, where).items():
            check_rule(slug, where=where)
            known = [each.name for each in next(rule for rule in RULES if rule.slug == slug).thresholds]
            of_rule: dict[str, float] = {}
            for name, number in self._table(names, f"{where}.{slug}").items():
                if not known:
                    raise UsageError(f"{where}.{slug}: this rule has no thresholds.")
                if name not in known:
                    raise UsageError(f"{where}.{slug}.{name}: there is no such threshold: {_hint(name, known)}")
                if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
                    raise UsageError(f"{where}.{slug}.{name}: a positive number is expected, not {number!r}.")
                of_rule[name] = number
            read[slug] = of_rule
        return read

    def _table(self, value: object, where: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise UsageError(f"{where}: a table is expected, not {_kind(value)}.")
        return cast("dict[str, Any]", value)


def _hint(name: str, known: Iterable[str], *, or_else: str = "") -> str:
    names = list(known)
    if close := get_close_matches(name, names, n=1, cutoff=0.4):
        return f"did you mean {close[0]}?"
    return f"{or_else}." if or_else else f"there are {', '.join(names)}."


_KINDS: Mapping[type, str] = {
    dict: "a table",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a date")
