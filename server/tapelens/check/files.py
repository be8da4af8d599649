"""Which files are looked at: those that are named, and the Python files of folders that are the project's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePath

from pathspec import GitIgnoreSpec

from ..errors import UsageError
from ..settings import SettingsReader

SUFFIXES = (".py", ".pyw")

PASSED_OVER = frozenset(
    {"__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv"}
)
"""Folders that hold what others wrote or what tools made, beside hidden ones and virtual environments."""


def python_files(paths: Iterable[Path], reader: SettingsReader) -> Iterator[Path]:
    """The files to look at, absolute, each once: a named file whatever it is called, a folder's in order of name.

    What ``.gitignore`` and ``exclude`` name is passed over in folders, and links to folders are not followed.

    Raises:
        UsageError: A path does not exist, or a project's settings cannot be read.
    """
    told: set[Path] = set()
    for path in paths:
        place = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links: users know the link's name)
        if not place.exists():
            raise UsageError(f"{path}: there is no such file or folder.")
        for file in _walk(place, reader) if place.is_dir() else (place,):
            if file not in told:
                told.add(file)
                yield file


class ProjectFiles:
    """Says of one file whether a walk over its project would come by it."""

    def __init__(self, reader: SettingsReader) -> None:
        self._reader = reader
        self._ignored = _Ignored()

    def has(self, file: Path) -> bool:
        """Whether it is neither passed over nor excluded; any suffix will do."""
        settings = self._reader.of(file.parent)
        top = settings.root or self._ignored.repository(file.parent) or file.parent
        if top not in file.parents:
            return True
        below = file.relative_to(top).parts[:-1]
        folders = [top.joinpath(*below[: length + 1]) for length in range(len(below))]
        return not (
            any(_is_foreign(folder) for folder in folders)
            or any(self._ignored.has(folder, is_folder=True) for folder in folders)
            or self._ignored.has(file, is_folder=False)
            or _is_excluded(file, self._reader)
        )


def _walk(top: Path, reader: SettingsReader) -> Iterator[Path]:
    ignored = _Ignored()
    for root, folders, names in os.walk(top):
        folder = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if not (
                _is_foreign(folder / name)
                or ignored.has(folder / name, is_folder=True)
                or _is_excluded(folder / name, reader, is_folder=True)
            )
        )
        for name in sorted(names):
            file = folder / name
            if name.endswith(SUFFIXES) and not ignored.has(file, is_folder=False) and not _is_excluded(file, reader):
                yield file


def _is_foreign(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in PASSED_OVER or (folder / "pyvenv.cfg").exists()


def _is_excluded(place: Path, reader: SettingsReader, *, is_folder: bool = False) -> bool:
    settings = reader.of(place.parent)
    if settings.root is None or not settings.exclude:
        return False
    return _matches(_spec_of(settings.exclude), place.relative_to(settings.root), is_folder=is_folder)


class _Ignored:
    """What git does not track, by the ``.gitignore`` files from the repository's top down; nothing outside of one."""

    def __init__(self) -> None:
        self._repositories: dict[Path, Path | None] = {}
        self._specs: dict[Path, GitIgnoreSpec | None] = {}

    def has(self, place: Path, *, is_folder: bool) -> bool:
        """Whether the nearest file that speaks of it says so; its folders are taken to have been asked."""
        top = self.repository(place.parent)
        if top is None:
            return False
        for folder in place.parents:
            spec = self._spec(folder, top)
            if spec is not None:
                relative = place.relative_to(folder)
                answer = spec.check_file(f"{relative.as_posix()}/" if is_folder else relative.as_posix()).include
                if answer is not None:
                    return answer
            if folder == top:
                return False
        return False

    def repository(self, folder: Path) -> Path | None:
        """The top of the repository that a folder lies in."""
        if folder not in self._repositories:
            if (folder / ".git").exists():
                self._repositories[folder] = folder
            else:
                self._repositories[folder] = None if folder.parent == folder else self.repository(folder.parent)
        return self._repositories[folder]

    def _spec(self, folder: Path, top: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            lines = _lines(folder / ".gitignore")
            if folder == top:  # what only this clone ignores counts least
                lines = _lines(top / ".git" / "info" / "exclude") + lines
            self._specs[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._specs[folder]


@lru_cache(maxsize=32)
def _spec_of(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)


def _matches(spec: GitIgnoreSpec, relative: PurePath, *, is_folder: bool) -> bool:
    return spec.match_file(f"{relative.as_posix()}/" if is_folder else relative.as_posix())


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
