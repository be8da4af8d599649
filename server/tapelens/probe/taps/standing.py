"""Leaves' gradients from one backward to the next: whose additions still stand in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...events import Sample
from ..capture.guards import undisturbed
from .samples import sample, version_of

if TYPE_CHECKING:
    import torch

_AT_MOST = 256  # leaves of a graph
_REMEMBERED = 4096
_CALLS = 16  # additions to one gradient


class _Left(NamedTuple):
    """A gradient as the last backward left it, and the calls that have added to it."""

    identity: int
    version: int
    values: Sample
    calls: tuple[int, ...]

    def is_still(self, other: _Left) -> bool:
        """Nothing has written it since, as far as was read."""
        same = (self.identity, self.version) == (other.identity, other.version)
        return same and (self.values == other.values or not (self.values and other.values))


class Standing:
    """Gradients of leaves in graphs that were looked at. Never a tensor."""

    def __init__(self) -> None:
        self._left: dict[int, _Left] = {}
        self._calls: dict[int, tuple[int, ...]] = {}  # of the running backward's leaves

    def forget(self) -> None:
        """A backward that is not looked at adds to nobody knows which."""
        self._left = {}

    def before(self, leaves: list[torch.Tensor]) -> tuple[dict[int, frozenset[int]], frozenset[int]]:
        """Leaves by earlier call whose addition stands, and the leaves that have a gradient at all."""
        by_call: dict[int, set[int]] = {}
        filled: set[int] = set()
        self._calls = {}
        for leaf, now in _read(leaves):
            before = self._left.pop(leaf, None)
            if now is None:
                continue
            if any(now.values):
                filled.add(leaf)
            if before is not None and before.is_still(now):
                self._calls[leaf] = before.calls
                for call in before.calls:
                    by_call.setdefault(call, set()).add(leaf)
        return {call: frozenset(found) for call, found in by_call.items()}, frozenset(filled)

    def after(self, call: int, leaves: list[torch.Tensor]) -> None:
        """This call has added, too."""
        if len(self._left) > _REMEMBERED:
            self._left = {}
        for leaf, now in _read(leaves):
            if now is not None:
                calls = (*self._calls.get(leaf, ()), call)[-_CALLS:]
                self._left[leaf] = now._replace(calls=calls)
        self._calls = {}


def _read(leaves: list[torch.Tensor]) -> list[tuple[int, _Left | None]]:
    with undisturbed():
        return [(id(leaf), _gradient(leaf)) for leaf in leaves[:_AT_MOST]]


def _gradient(leaf: torch.Tensor) -> _Left | None:
    gradient = leaf.grad
    return None if gradient is None else _Left(id(gradient), version_of(gradient), sample(gradient), ())
