"""What a person would write to reach a value, and what holds it on the way."""

from __future__ import annotations

from typing import NamedTuple

from ...wire.memory import KeeperKind
from .inside import subscript


class Way(NamedTuple):
    """One way to a value.

    Attributes:
        path: As a person would write it.
        containers: The paths of the containers on the way, outermost first.
        pattern: The path with subscripts left blank, the same for all elements of a list.
        scope: The function or module where the path begins.
        sealed: What lies inside has no name of its own: a generator's variables.
    """

    path: str
    containers: tuple[str, ...]
    pattern: str
    kind: KeeperKind
    scope: str
    depth: int
    sealed: bool

    def attribute(self, name: str, kind: KeeperKind) -> Way:
        """To an attribute of it."""
        return self._on(f".{name}", f".{name}", kind, self.containers)

    def element(self, key: object) -> Way:
        """To an element of it."""
        kind = self.kind if self.kind in {"optimizer", "closure"} else "container"
        return self._on(f"[{subscript(key)}]", "[]", kind, (*self.containers, self.path))

    def of_parameter(self, name: str) -> Way:
        """To what an optimizer keeps for a parameter."""
        return self._on(f"[{name}]", "[]", "optimizer", (*self.containers, self.path))

    def inside(self, kind: KeeperKind) -> Way:
        """To what lies inside without a name."""
        return self._replace(kind=kind, depth=self.depth + 1, sealed=True)

    def _on(self, step: str, blank: str, kind: KeeperKind, containers: tuple[str, ...]) -> Way:
        if self.sealed:
            return self._replace(depth=self.depth + 1)
        return self._replace(
            path=self.path + step,
            containers=containers,
            pattern=self.pattern + blank,
            kind=kind,
            depth=self.depth + 1,
        )


def way_from(name: str, kind: KeeperKind, scope: str) -> Way:
    """To a variable."""
    return Way(path=name, containers=(), pattern=name, kind=kind, scope=scope, depth=0, sealed=False)
