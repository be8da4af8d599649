"""Fixes put into files, or shown as they would be."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tokenize import detect_encoding

from ..settings import SettingsReader
from ..source import Project, SourceFile
from ..source.file import decode
from ..wire.findings import Finding
from .fixes import fixed
from .judge import Judge
from .lint import Projects
from .live import once
from .look import look, with_fix


@dataclass(frozen=True, kw_only=True)
class Mended:
    """A file and what fixes make of it.

    Attributes:
        before: Its text.
        after: The text with the fixes in it.
        done: Findings that they were for.
    """

    path: Path
    before: str
    after: str
    done: Sequence[Finding]


def mended(files: Sequence[Path], judge: Judge, reader: SettingsReader, *, unsafe: bool) -> Iterator[Mended]:
    """Each file that fixes change. Nothing is written.

    Args:
        files: Absolute paths.
        judge: Its counters are not to be read afterwards: a text is judged again after each round.
        reader: Finds the settings that hold for files.
        unsafe: Fixes that change more than what their rule names, too.
    """
    projects = Projects(reader)
    for path in files:
        try:
            before = decode(path.read_bytes())
        except (OSError, SyntaxError):  # the report says so
            continue
        find = partial(_findings, path=str(path), project=projects.of(path), judge=judge)
        after, done = fixed(before, find, path=str(path), unsafe=unsafe)
        judge.texts.close(str(path))
        if after != before and SourceFile(str(path), after).error is None:
            yield Mended(path=path, before=before, after=after, done=done)


def _findings(text: str, *, path: str, project: Project, judge: Judge) -> Iterator[Finding]:
    """What is shown of a file with this text in it."""
    judge.texts.open(path, text)
    seen = look(SourceFile(path, text, project), wants=lambda slug: judge.wants(slug, path))
    for finding in once(seen):
        if finding.site.path == path and (told := judge.judge(finding)) is not None:
            yield with_fix(told, text)


def write(changed: Mended) -> None:
    """Put the text into its file, in the file's own coding and with its own rights, whole or not at all.

    Raises:
        OSError: It cannot be written.
        UnicodeEncodeError: A fix brought what the file's coding does not have.
    """
    path = changed.path.resolve()
    encoding, _ = detect_encoding(io.BytesIO(path.read_bytes()).readline)
    data = changed.after.encode(encoding)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        shutil.copymode(path, name)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
