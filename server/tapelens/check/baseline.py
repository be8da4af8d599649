"""Findings that are known already: a file that names them by path, rule and the text of their line.

::

    {"version": 1,
     "findings": {"src/train.py": {"missing-zero-grad": {"optimizer.step()": 2}}}}

Paths are relative to the file's folder. A finding is known by its line's text without the blanks around it, so
that one whose line has moved is still known; the number says how many of the same text are.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Any, cast

from ..errors import UsageError
from ..wire.findings import Finding

VERSION = 1

LineOf = Callable[[str, int], str]
"""The text of a line of a file, empty where there is none."""

_Known = tuple[str, str, str]  # path, rule, text


class Baseline:
    """The known findings; each is forgiven as often as it is listed."""

    def __init__(self, file: Path, known: Counter[_Known]) -> None:
        self._folder = _real(file).parent
        self._left = Counter(known)

    def knows(self, finding: Finding, line_of: LineOf) -> bool:
        """Whether a finding is listed and has not been met yet; it has from now on."""
        key = _key(finding, line_of, self._folder)
        if self._left[key] <= 0:
            return False
        self._left[key] -= 1
        return True

    def unmet(self) -> int:
        """How many are listed and were not met: they have been mended, or their lines have changed."""
        return sum(self._left.values())


def read_baseline(file: Path) -> Baseline:
    """The known findings of a file.

    Raises:
        UsageError: It cannot be read, or is no such file: one sentence.
    """
    try:
        document: object = json.loads(file.read_text(encoding="utf-8"))
    except OSError as unread:
        raise UsageError(
            f"The baseline {file} cannot be read: {unread.strerror}; `tapelens lint --write-baseline FILE` makes one."
        ) from unread
    except ValueError as broken:
        raise UsageError(f"The baseline {file} is no JSON: {broken}.") from broken
    return Baseline(file, _read(document, file))


def write_baseline(file: Path, findings: Iterable[Finding], line_of: LineOf) -> None:
    """Make a file of findings, sorted so that two of them compare well.

    Raises:
        UsageError: It cannot be written.
    """
    folder = _real(file).parent
    known = Counter(_key(finding, line_of, folder) for finding in findings)
    nested: dict[str, dict[str, dict[str, int]]] = {}
    for (path, rule, text), count in sorted(known.items()):
        nested.setdefault(path, {}).setdefault(rule, {})[text] = count
    document = {"version": VERSION, "findings": nested}
    try:
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as unwritten:
        raise UsageError(f"The baseline {file} cannot be written: {unwritten.strerror}.") from unwritten


def _key(finding: Finding, line_of: LineOf, folder: Path) -> _Known:
    path = _real(Path(finding.site.path))
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # another drive
        relative = str(path)
    return PurePath(relative).as_posix(), finding.rule, line_of(finding.site.path, finding.site.line).strip()


def _read(document: object, file: Path) -> Counter[_Known]:
    """The document as counts.

    Raises:
        UsageError: It has another shape or version.
    """
    fields = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    version = fields.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UsageError(f"The baseline {file} is of a newer tapelens (version {version}): update tapelens.")
    known: Counter[_Known] = Counter()
    try:
        for path, rules in fields["findings"].items():
            for rule, texts in rules.items():
                for text, count in texts.items():
                    known[path, rule, text] = int(count)
    except (KeyError, AttributeError, TypeError, ValueError) as unfit:
        raise UsageError(
            f"The baseline {file} is no baseline of tapelens; `tapelens lint --write-baseline FILE` makes one."
        ) from unfit
    return known


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
