"""Which backward ran a node: the memory behind "freed by"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...wire.sites import Site
from ..keys import key_of

if TYPE_CHECKING:
    import torch

_NODES = 1 << 16
_CALLS = 1 << 12


@dataclass(frozen=True)
class _Call:
    site: Site
    partial: bool


class Marks:
    """Nodes, by key, and the call that freed what they saved; bounded, the oldest goes first."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._nodes: dict[int, int] = {}

    def ran(self, call: int, nodes: Iterable[torch.autograd.graph.Node], *, site: Site, partial: bool) -> None:
        """A call that retains nothing is about to run these nodes.

        A node that an earlier call has run keeps that call: this one will raise there.

        Args:
            call: Serial of the call.
            nodes: Of its graph: the roots at least.
            site: Where the user made the call.
            partial: Only some of the graph runs, so that a later call may be the one that frees.
        """
        self._calls[call] = _Call(site, partial)
        if len(self._calls) > _CALLS:
            del self._calls[next(iter(self._calls))]
        for node in nodes:
            key = key_of(node)
            earlier = self._calls.get(self._nodes.get(key, 0))
            if earlier is None or earlier.partial:
                self._nodes[key] = call
        while len(self._nodes) > _NODES:
            del self._nodes[next(iter(self._nodes))]

    def call_of(self, key: int) -> int | None:
        """The call that ran the node, if it is remembered."""
        return self._nodes.get(key)

    def site_of(self, key: int) -> Site | None:
        """Where the user made that call."""
        call = self._calls.get(self._nodes.get(key, 0))
        return None if call is None else call.site
