"""The files among which imports are followed."""

from __future__ import annotations

from pathlib import Path

from .file import SourceFile

_SOURCE_FOLDERS = ("", "src", "server", "lib")


class Project:
    """Files below a folder, read when an import leads to them and kept as long as they do not change.

    Attributes:
        root: The folder; nothing outside of it is read.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()
        self._files: dict[Path, tuple[int, SourceFile]] = {}
        self._opened: dict[Path, SourceFile] = {}

    def file(self, path: str | Path) -> SourceFile | None:
        """A file of the project as it is now; None when it cannot be read."""
        place = Path(path)
        if place in self._opened:
            return self._opened[place]
        try:
            changed = place.stat().st_mtime_ns
            known = self._files.get(place)
            if known is None or known[0] != changed:
                known = self._files[place] = (changed, SourceFile.read(place, self))
        except OSError:
            self._files.pop(place, None)
            return None
        return known[1]

    def open(self, path: str | Path, text: str) -> SourceFile:
        """Take an editor's text in place of the file's, until it is closed."""
        file = SourceFile(str(path), text, self)
        self._opened[Path(path)] = file
        return file

    def close(self, path: str | Path) -> None:
        """The file on disk counts again."""
        self._opened.pop(Path(path), None)

    def module(self, name: str, *, level: int, importer: str) -> SourceFile | None:
        """The file that ``import name`` means in another one; None when it is none of the project's.

        Args:
            name: Dotted, without the leading dots.
            level: How many leading dots there were.
            importer: Path of the file that imports.
        """
        parts = [part for part in name.split(".") if part]
        folder = Path(importer).parent
        if level:
            for _ in range(level - 1):
                folder = folder.parent
            return self._module_in(folder, parts)
        for place in (folder, *(self.root / each for each in _SOURCE_FOLDERS)):
            found = self._module_in(place, parts)
            if found is not None:
                return found
        return None

    def _module_in(self, folder: Path, parts: list[str]) -> SourceFile | None:
        if folder != self.root and self.root not in folder.parents:
            return None
        place = folder.joinpath(*parts)
        if parts and (file := self._exists(place.with_name(place.name + ".py"))) is not None:
            return file
        return self._exists(place / "__init__.py")

    def _exists(self, path: Path) -> SourceFile | None:
        return self.file(path) if path in self._opened or path.is_file() else None
