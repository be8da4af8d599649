"""A debuggee's paths as the editor's: ``pathMappings`` of a launch configuration, for everything that comes in."""

from __future__ import annotations

import dataclasses
import ntpath
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..wire.envelope import Batch
from ..wire.processes import Hello
from ..wire.sites import Site

HERE = "."
"""As a ``remoteRoot``: the folder that the program ran in when we came."""


@dataclass(frozen=True, kw_only=True)
class PathMapping:
    """A folder here, and the same folder as the debuggee names it."""

    local_root: str
    remote_root: str


def read_path_mappings(configuration: Mapping[str, Any]) -> tuple[PathMapping, ...]:
    """Those of a launch configuration; what is malformed is none."""
    given: object = configuration.get("pathMappings")
    if not isinstance(given, list):
        return ()
    pairs = [cast("Mapping[str, Any]", each) for each in cast("list[object]", given) if isinstance(each, dict)]
    roots = [(each.get("localRoot"), each.get("remoteRoot")) for each in pairs]
    return tuple(
        PathMapping(local_root=local, remote_root=remote)
        for local, remote in roots
        if isinstance(local, str) and isinstance(remote, str) and local and remote
    )


class PathMap:
    """Rewrites every ``Site`` of what a probe sends, once. Breakpoints are debugpy's own to map, the other way."""

    def __init__(self, mappings: Sequence[PathMapping]) -> None:
        self._mappings = mappings
        self._cwd = ""
        self._known: dict[Site, Site] = {}

    def mapped(self, batch: Batch) -> Batch:
        """The batch with local paths."""
        if not self._mappings:
            return batch
        if not self._cwd:
            self._cwd = next((each.cwd for each in batch.messages if isinstance(each, Hello)), "")
        return self._rewritten(batch)

    def _rewritten(self, value: Any) -> Any:  # noqa: ANN401 (of the wire, and of the same class as it came)
        """The value with other sites; of columns only those that hold objects are looked through."""
        if isinstance(value, Site):
            return self._site(value)
        if isinstance(value, tuple):
            items = cast("tuple[Any, ...]", value)
            return tuple(map(self._rewritten, items)) if items and dataclasses.is_dataclass(items[0]) else items
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            return value
        changed: dict[str, Any] = {}
        for each in dataclasses.fields(value):
            before = getattr(value, each.name)
            after = self._rewritten(before)
            if after is not before:
                changed[each.name] = after
        return dataclasses.replace(value, **changed) if changed else value

    def _site(self, site: Site) -> Site:
        known = self._known.get(site)
        if known is None:
            path = self.local(site.path)
            known = self._known[site] = site if path == site.path else dataclasses.replace(site, path=path)
        return known

    def local(self, path: str) -> str:
        """A debuggee's path as ours; itself where no mapping holds. The first that holds counts, as with debugpy."""
        for mapping in self._mappings:
            remote = self._cwd if mapping.remote_root == HERE else mapping.remote_root
            if remote and (rest := _below(path, remote)) is not None:
                return _joined(mapping.local_root, rest)
        return path


def _below(path: str, root: str) -> list[str] | None:
    """The parts of a path below a folder, None where it is elsewhere."""
    windows = _is_windows(root)
    fold = ntpath.normcase if windows else posixpath.normcase
    separator = "\\" if windows else "/"
    root = fold(root).rstrip(separator) + separator
    if not (fold(path) + separator).startswith(root):
        return None
    return [part for part in path[len(root) :].replace("\\" if windows else "/", "/").split("/") if part]


def _joined(root: str, parts: list[str]) -> str:
    join = ntpath.join if _is_windows(root) else posixpath.join
    return join(root, *parts) if parts else root


def _is_windows(path: str) -> bool:
    return path[1:3] in {":\\", ":/"} or path.startswith("\\\\")
